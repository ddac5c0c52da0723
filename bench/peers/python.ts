import { spawnSync } from 'node:child_process';
import { type Measured, skipped } from './result.ts';

/** An interpreter that can import PyTorch. */
export interface Python {
  readonly command: string;
  readonly torch: string;
}

/** Importing PyTorch from a cold disk takes a while; more is a hang. */
const IMPORT_MS = 120_000;

/** The first of $PYTHON, python3, /usr/bin/python3 that has PyTorch, or why none has. `say` is told about each. */
export function findPython(say: (line: string) => void): Python | string {
  const { PYTHON } = process.env;
  const candidates = PYTHON ? [PYTHON] : ['python3', '/usr/bin/python3'];
  const failures: string[] = [];
  for (const command of candidates) {
    const tried = spawnSync(command, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8', timeout: IMPORT_MS });
    const torch = tried.status === 0 ? tried.stdout.trim() : '';
    if (torch) {
      say(`PyTorch ${torch} in ${command}`);
      return { command, torch };
    }
    failures.push(`${command}: ${tried.error ? tried.error.message : lastLine(tried.stderr)}`);
    say(`no PyTorch in ${failures[failures.length - 1]}`);
  }
  return failures.join('; ');
}

const lastLine = (text: string): string => text.trim().split('\n').pop() ?? '';

/**
 * Runs a script on an exported network and reads its rows: one JSON object a line of its output. A script that breaks off gives
 * a wrong row with its last words; one that is cut off after `seconds`, the rows that it had.
 */
export function runScript(python: Python, script: string, name: string, folder: string, seconds: number): Measured[] {
  const ran = spawnSync(python.command, [script, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: seconds * 1000,
    maxBuffer: 2 ** 26,
  });
  const rows = readRows(ran.stdout ?? '');
  if (ran.status === 0) return rows;
  if ((ran.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') {
    return [...rows, skipped(name, `the rest was cut off after ${seconds} s`)];
  }
  const why = ran.error?.message ?? `${lastLine(ran.stderr)} (exit code ${ran.status})`;
  return [...rows, { ...skipped(name, why), wrong: true }];
}

/** The rows among a script's lines. Pure. */
export const readRows = (output: string): Measured[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Measured);
