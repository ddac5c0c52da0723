import { execFileSync } from 'node:child_process';
import { ROOT } from './root.ts';

/** The checkout's commit, with "+ changes" where what is measured has some that are not committed. */
export function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--', 'src', 'shaders', 'bench/shaders') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' + changes' : '');
  } catch {
    return 'unknown';
  }
}
