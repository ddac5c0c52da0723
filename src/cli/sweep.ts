import { type Command, Option } from 'commander';
import { SWEPT } from '../evaluate/swept.ts';
import { batchOption, integerOption, list, lossOption, onePhaseBits } from './arguments.ts';
import {
  addModel,
  addNormalization,
  addRunning,
  channelsOption,
  checkpointOption,
  correctionsOption,
  scalesOption,
} from './model-options.ts';
import type { SweepCommandOptions } from './run-sweep.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn sweep`. */
export function addSweep(program: Command, terminal: Terminal): void {
  const command = program
    .command('sweep')
    .summary('compare many ways to convert one network, on labelled images')
    .description(
      'Converts a network with every K, scale and correction that is given, runs each over labelled images, and recommends the one with the least T whose accuracy is near enough to the trained network’s.',
    );
  addModel(command)
    .addOption(
      new Option('--phase-bits <k,k,…>', 'spikes of a word: each K is tried')
        .default([...SWEPT.phaseBits], SWEPT.phaseBits.join(','))
        .argParser(list(onePhaseBits)),
    )
    .addOption(scalesOption())
    .addOption(channelsOption())
    .addOption(correctionsOption())
    .addOption(lossOption('of accuracy that the recommended one may have'))
    .addOption(integerOption('--waves <n>', 'waves', 'words that every layer sends: each is looked at'))
    .addOption(integerOption('--limit <n>', 'limit', 'images at most (default: all)'))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(batchOption());
  addRunning(
    addNormalization(command)
      .option('--plot <file>', 'draw accuracy over T with error bars: FILE.svg or FILE.png')
      .addOption(checkpointOption())
      .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
      .option('--quiet', 'no progress bar'),
  ).action(async (model: string, options: SweepCommandOptions) => {
    const { runSweep } = await import('./run-sweep.ts');
    await runSweep(model, options, terminal);
  });
}
