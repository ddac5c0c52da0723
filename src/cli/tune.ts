import { type Command, Option } from 'commander';
import { DEFAULT_TRIALS } from '../evaluate/tuned-network.ts';
import { batchOption, integer, integerOption, lossOption } from './arguments.ts';
import {
  addModel,
  addNormalization,
  addRunning,
  channelsOption,
  checkpointOption,
  correctionsOption,
  scalesOption,
} from './model-options.ts';
import type { TuneCommandOptions } from './run-tune.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn tune`, which chooses words; kernels are chosen by `bsnn tune-kernels`. */
export function addTune(program: Command, terminal: Terminal): void {
  const command = program
    .command('tune')
    .summary('find K by depth, scales and words that need the fewest steps')
    .description(
      'Looks for the least T whose accuracy is near enough to the trained network’s: K by depth, scales, bothWays, words. What is lost is estimated on calibration images, without labels, and the best is checked on the labelled images.',
    );
  addModel(command)
    .addOption(lossOption('that the network may have, estimated without labels'))
    .addOption(scalesOption())
    .addOption(channelsOption())
    .addOption(correctionsOption())
    .addOption(integerOption('--waves <n>', 'waves', 'words that may be waited for'))
    .addOption(
      new Option('--trials <n>', 'conversions that may be tried; three for each scale and correction in any case')
        .default(DEFAULT_TRIALS)
        .argParser(integer([1, Number.MAX_SAFE_INTEGER])),
    )
    .addOption(integerOption('--limit <n>', 'limit', 'images to check the best on, at most (default: all)'))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(batchOption());
  addRunning(
    addNormalization(command)
      .addOption(checkpointOption())
      .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
      .option('--quiet', 'no progress bar'),
  ).action(async (model: string, options: TuneCommandOptions) => {
    const { runTune } = await import('./run-tune.ts');
    await runTune(model, options, terminal);
  });
}
