import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.ts';

/** File of a bundle that says what it was packed from, where there is no checkout. */
const PACKED = join(ROOT, 'COMMIT');

/** The checkout's commit, with "+ changes" where what is measured has some that are not committed; "unknown" where there is neither. */
export function commit(): string {
  if (existsSync(PACKED)) return readFileSync(PACKED, 'utf8').trim();
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--', 'src', 'shaders', 'bench/shaders') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' + changes' : '');
  } catch {
    return 'unknown';
  }
}
