import { type Command, InvalidArgumentError, Option } from 'commander';
import { COMPARABLE, COMPARED, neuronOf, TIMESTEPS } from '../evaluate/compared-neuron.ts';
import { batchOption, integer, integerOption } from './arguments.ts';
import { addConversion, addModel, addRunning, checkpointOption } from './model-options.ts';
import type { CompareCommandOptions } from './run-compare.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn compare`. */
export function addCompare(program: Command, terminal: Terminal): void {
  const command = program
    .command('compare')
    .summary('compare kinds of spiking neurons on one network')
    .description(
      'Runs one network with several kinds of neurons, step by step, and compares accuracy, spikes of inactivated neurons (SIN) and work over time.',
    );
  addModel(command)
    .addOption(
      new Option('--neurons <a,b,…>', `of ${COMPARABLE.join(', ')}; -no-sn: without synchronous neurons`)
        .default([...COMPARED], COMPARED.join(','))
        .argParser(neurons),
    )
    .addOption(
      new Option('--timesteps <a,b,…>', 'steps from the image’s onset at which they are compared')
        .default([...TIMESTEPS], TIMESTEPS.join(','))
        .argParser(timesteps),
    )
    .addOption(integerOption('--limit <n>', 'limit', 'images at most (default: all)'))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(batchOption());
  addRunning(
    addConversion(command)
      .option('--plot <file>', 'draw accuracy and SIN over time: FILE.svg or FILE.png')
      .addOption(checkpointOption())
      .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
      .option('--quiet', 'no progress bar'),
  ).action(async (model: string, options: CompareCommandOptions) => {
    const { runCompare } = await import('./run-compare.ts');
    await runCompare(model, options, terminal);
  });
}

/** Neurons separated by commas. */
function neurons(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  try {
    names.forEach(neuronOf);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  return [...new Set(names)];
}

/** Steps separated by commas, in any order. */
const timesteps = (text: string): number[] =>
  [...new Set(text.split(',').map((part) => integer([1, 65_535])(part.trim())))].sort((a, b) => a - b);
