// Runs a TypeScript program of this repository (bench/, examples/) under any supported Node: node scripts/run-ts.mjs FILE [ARG…]
// Compiles the checkout into .cache/programs/ first. The program's working folder is the caller's; ROOT's packages are found.
import { spawnSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embedShaders } from './embed-shaders.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OUT = join(ROOT, '.cache/programs');
const [file, ...args] = process.argv.slice(2);

function main() {
  const inside = file ? relative(ROOT, resolve(file)) : '';
  if (!/\.ts$/.test(inside) || inside.startsWith('..')) {
    console.error('usage: node scripts/run-ts.mjs FILE.ts [ARG…]   (a file of this repository)');
    return 2;
  }
  embedShaders(ROOT);
  const options = ['-p', 'tsconfig.json', '--noEmit', 'false', '--rootDir', '.', '--outDir', OUT];
  const inherit = { stdio: /** @type {const} */ ('inherit') };
  const compiled = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options], {
    cwd: ROOT,
    ...inherit,
  });
  if (compiled.status !== 0) return compiled.status ?? 1;
  // `bsnn doctor` has its advice on drivers from there
  linkOnce(join(ROOT, 'scripts'), join(OUT, 'scripts'));
  return spawnSync(process.execPath, [join(OUT, inside.replace(/\.ts$/, '.js')), ...args], inherit).status ?? 1;
}

/** Makes a link, unless there is one: others may run programs at the same time. @param {string} to @param {string} from */
function linkOnce(to, from) {
  try {
    symlinkSync(to, from);
  } catch (error) {
    if (!existsSync(from)) throw error;
  }
}

process.exitCode = main();
