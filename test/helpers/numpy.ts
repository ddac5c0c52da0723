import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

// NumPy itself, where it is there: what it writes is read, and what is written it reads.

const COMMAND = process.env.PYTHON ?? 'python3';
const found = spawnSync(COMMAND, ['-c', 'import numpy'], { encoding: 'utf8', timeout: 60_000 });
if (found.status !== 0) console.log(`Files of NumPy are not tested: ${found.error?.message ?? 'Python has no NumPy'}`);

/** Tests that need NumPy; skipped where it is not there, which is printed. */
export const describeWithNumpy = describe.skipIf(found.status !== 0);

/** Runs lines of Python with NumPy as `np` in a folder. @returns what they print */
export function numpy(folder: string, ...lines: string[]): string {
  const script = ['import numpy as np', ...lines].join('\n');
  const ran = spawnSync(COMMAND, ['-c', script], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  if (ran.status !== 0) throw new Error(ran.stderr || String(ran.error));
  return ran.stdout;
}
