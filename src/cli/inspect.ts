import type { Command } from 'commander';
import { batchOption, integerOption } from './arguments.ts';
import { addModelFile, MODEL_OR_SAVED } from './model-options.ts';
import type { InspectCommandOptions } from './run-inspect.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn inspect`. */
export function addInspect(program: Command, terminal: Terminal): void {
  addModelFile(
    program
      .command('inspect')
      .summary('list the layers of a network, and what it takes to run it')
      .description(
        'Lists layers with operators, shapes, parameters and multiply-adds, what became of ONNX operators, and what a batch takes; of a network that `bsnn convert` saved also scales and the integer grid. Layers whose weights make use of fewer than 6 of their 8 bits are marked "!". Nothing is run.',
      ),
    MODEL_OR_SAVED,
  )
    .addOption(batchOption())
    .addOption(integerOption('--waves <n>', 'waves', 'words that every layer of a saved network sends'))
    .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
    .option('--verbose', 'show where an error came from')
    .action(async (model: string, options: InspectCommandOptions) => {
      const { runInspect } = await import('./run-inspect.ts');
      await runInspect(model, options, terminal);
    });
}
