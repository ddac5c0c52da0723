import type { Command } from 'commander';
import type { MergeOptions } from './run-merge.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn merge`. */
export function addMerge(program: Command, terminal: Terminal): void {
  program
    .command('merge')
    .summary('make one result of the parts of an evaluation')
    .description(
      'Adds up what `bsnn eval --shard I/N --json FILE` found in all N parts, on whatever machines: the figures are those of one run.',
    )
    .argument('<parts...>', 'the JSON files of all parts, in any order')
    .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
    .option('--verbose', 'show where an error came from')
    .action(async (parts: readonly string[], options: MergeOptions) => {
      const { runMerge } = await import('./run-merge.ts');
      await runMerge(parts, options, terminal);
    });
}
