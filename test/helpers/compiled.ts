import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The package, compiled as it is published, for tests that need processes of their own. */
export interface Compiled {
  /** The folder that stands for `dist/`. */
  readonly dist: string;
  readonly remove: () => void;
}

/** Compiles src/ into a folder of the checkout's .cache, where it finds its packages. Takes a second or two. */
export function compile(): Compiled {
  mkdirSync('.cache', { recursive: true });
  const root = mkdtempSync(resolve('.cache', 'test-'));
  const dist = join(root, 'dist');
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', dist, '--declaration', 'false'];
  const { status, stdout } = spawnSync(process.execPath, tsc, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
  copyFileSync('package.json', join(root, 'package.json'));
  symlinkSync(resolve('scripts'), join(root, 'scripts'));
  return { dist, remove: () => rmSync(root, { recursive: true, force: true }) };
}
