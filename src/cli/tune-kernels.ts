import { type Command, Option } from 'commander';
import { batchOption, integerOption, phaseBitsOption } from './arguments.ts';
import { outputOption } from './model-options.ts';
import type { TuneKernelsOptions } from './run-tune-kernels.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn tune-kernels`. */
export function addTuneKernels(program: Command, terminal: Terminal): void {
  program
    .command('tune-kernels')
    .summary('measure which kernels are the fastest here, and keep it')
    .description(
      'Measures the candidates for every layer shape of a network on this device and keeps the fastest in a cache, ' +
        'which `bsnn eval` uses. Results are the same with any of them.',
    )
    .argument('[model]', 'the ONNX file')
    .addOption(outputOption())
    .option('--dataset <spec>', 'calibrate on its images and run those, not pseudo-random ones (forms: bsnn eval --help)')
    .addOption(batchOption())
    .addOption(integerOption('--waves <n>', 'waves', 'words that every layer sends'))
    .addOption(phaseBitsOption())
    .addOption(new Option('--show', 'print what the cache has for this adapter (for all of them where there is none)'))
    .option('--adapter <name>', 'part of the name of the GPU to use (else BSNN_ADAPTER, else the best)')
    .option('--verbose', 'show where an error came from')
    .addHelpText('after', '\nThe cache is tuning.json in BSNN_CACHE_DIR, or else in the user’s cache folder.')
    .action(async (model: string | undefined, options: TuneKernelsOptions) => {
      const { runTuneKernels } = await import('./run-tune-kernels.ts');
      await runTuneKernels(model, options, terminal);
    });
}
