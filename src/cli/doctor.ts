import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn doctor`. */
export function addDoctor(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .summary('show what WebGPU offers here, and test it')
    .description(
      'Prints adapter, driver, limits and features, and compares a small network with the reference, integer by integer.',
    )
    .option('--adapter <name>', 'part of the name of the GPU to use (else BSNN_ADAPTER, else the best)')
    .option('--verbose', 'show where an error came from')
    .action(async ({ adapter }: { adapter?: string }) => {
      const { runDoctor } = await import('./run-doctor.ts');
      await runDoctor(adapter, terminal);
    });
}
