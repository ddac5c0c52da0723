#!/usr/bin/env node
import { EXIT } from '../errors.ts';
import { run } from './program.ts';
import { processTerminal } from './terminal.ts';

// What reads our output may stop reading (`bsnn eval … | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  process.stderr.write(`bsnn: the standard output cannot be written (${error.message})\n`);
  process.exit(EXIT.failure);
});

process.once('SIGINT', () => {
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.exit(EXIT.interrupted);
});

process.exitCode = await run(process.argv.slice(2), processTerminal());
