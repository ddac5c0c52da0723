import { type Command, Option } from 'commander';
import { EXPLAINED } from '../evaluate/explained.ts';
import { RANGES } from '../evaluate/options.ts';
import { batchOption, integer, integerOption } from './arguments.ts';
import { addConversion, addModel, addRunning } from './model-options.ts';
import type { ExplainCommandOptions } from './run-explain.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn explain`. */
export function addExplain(program: Command, terminal: Terminal): void {
  const command = program
    .command('explain')
    .summary('say where a converted network loses accuracy, and what to try')
    .description(
      'Converts as `bsnn eval` does and says why the spiking network is not the trained one: whether mean and std look right, the error of its logits by clipping, rounding, weights and timing, layer by layer, and what other options would gain, measured.',
    );
  addModel(command)
    .addOption(new Option('--limit <n>', 'images at most').default(EXPLAINED).argParser(integer(RANGES.limit)))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(integerOption('--waves <n>', 'waves', 'words that every layer sends'))
    .addOption(batchOption());
  addConversion(command, 'auto')
    .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
    .option('--quiet', 'no progress bar');
  addRunning(command).action(async (model: string, options: ExplainCommandOptions) => {
    const { runExplain } = await import('./run-explain.ts');
    await runExplain(model, options, terminal);
  });
}
