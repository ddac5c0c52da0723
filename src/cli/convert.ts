import type { Command } from 'commander';
import { batchOption } from './arguments.ts';
import { addConversion, addModel, addRunning, checkpointOption } from './model-options.ts';
import type { ConvertCommandOptions } from './run-convert.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn convert`. */
export function addConvert(program: Command, terminal: Terminal): void {
  const command = program
    .command('convert')
    .summary('save the spiking counterpart of a network to a file')
    .description(
      'Converts an ONNX classifier to a bistable spiking network and saves it, with all that it needs to run, to one file for eval and predict.',
    );
  addModel(command).requiredOption('-o, --out <file>', 'the file').addOption(batchOption(' during calibration'));
  addConversion(command, 'auto')
    .addOption(checkpointOption())
    .option('--json <file>', 'write what was converted there; "-": to the standard output, and nothing else')
    .option('--quiet', 'no progress bar');
  addRunning(command).action(async (model: string, options: ConvertCommandOptions) => {
    const { runConvert } = await import('./run-convert.ts');
    await runConvert(model, options, terminal);
  });
}
