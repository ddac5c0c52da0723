import type { Command } from 'commander';
import type { VerifyOptions } from './run-verify.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn verify`. @param differs called where the two are not equal */
export function addVerify(program: Command, terminal: Terminal, differs: () => void): void {
  program
    .command('verify')
    .summary('say whether and where two evaluations differ')
    .description(
      'Compares two results of `bsnn eval --digest --json FILE`: model, images, options, every word by blocks of images, and figures. Exit code 0 where they are equal, 1 where they are not.',
    )
    .argument('<a>', 'a JSON file')
    .argument('<b>', 'another')
    .option('--json <file>', 'write what differs there; "-": to the standard output, and nothing else')
    .option('--verbose', 'show where an error came from')
    .action(async (a: string, b: string, options: VerifyOptions) => {
      const { runVerify } = await import('./run-verify.ts');
      if (!(await runVerify(a, b, options, terminal))) differs();
    });
}
