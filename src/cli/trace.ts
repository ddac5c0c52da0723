import { type Command, Option } from 'commander';
import { COMPARABLE } from '../evaluate/compared-neuron.ts';
import { integer } from './arguments.ts';
import { addConversion, addModel, addRunning } from './model-options.ts';
import type { TraceCommandOptions } from './run-trace.ts';
import type { Terminal } from './terminal.ts';

const NATURAL = [1, Number.MAX_SAFE_INTEGER] as const;

/** Adds `bsnn trace`. */
export function addTrace(program: Command, terminal: Terminal): void {
  const command = program
    .command('trace')
    .summary('draw the spikes and membranes of one layer for one image')
    .description(
      'Runs one image step by step and draws one layer: which neurons spike when, and the membranes of a few of them. FILE.npy gets all spikes of the layer instead, [step][channel][y][x].',
    );
  addModel(command)
    .requiredOption('--layer <name>', 'a layer of neurons: its name, or a part of it')
    .requiredOption('--out <file>', 'FILE.png, FILE.svg or FILE.npy')
    .addOption(new Option('--image <i>', 'index of the image').default(0).argParser(integer([0, NATURAL[1]])))
    .option('--neuron <name>', `one of ${COMPARABLE.join(', ')}`, 'bistable')
    .addOption(new Option('--timesteps <t>', 'steps from the image’s onset (default: three words)').argParser(integer([1, 65_535])))
    .addOption(new Option('--rows <n>', 'neurons in the picture').default(60).argParser(integer([1, 1000])));
  addRunning(addConversion(command)).action(async (model: string, options: TraceCommandOptions) => {
    const { runTrace } = await import('./run-trace.ts');
    await runTrace(model, options, terminal);
  });
}
