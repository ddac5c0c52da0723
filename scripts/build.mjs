// Builds dist/ from src/ and shaders/: embeds the shaders, compiles, makes the command executable. Top-level imports are Node's own.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embedShaders } from './embed-shaders.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const COMMAND = 'dist/cli/main.js';
const INPUTS = ['src', 'shaders', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts'];

/**
 * The time (ms) of the newest of `paths`, with all that folders hold. Folders count too: a deleted file shows there.
 * @param {string[]} paths
 */
function newest(paths) {
  const inside = (/** @type {string} */ path) =>
    statSync(path).isDirectory() ? readdirSync(path, { recursive: true }).map((name) => join(path, String(name))) : [];
  return Math.max(...paths.flatMap((path) => [path, ...inside(path)]).map((path) => statSync(path).mtimeMs));
}

/**
 * Whether `dist/` lacks the command or is older than what it is built from.
 * @param {string} [root]
 */
export function buildDue(root = ROOT) {
  const command = join(root, COMMAND);
  return !existsSync(command) || statSync(command).mtimeMs < newest(INPUTS.map((path) => join(root, path)));
}

/**
 * Builds `dist/` anew; a failed build leaves none, so that the next one is due.
 * @param {string} [root]
 * @returns {string} empty, or the compiler's output where it failed
 */
export function build(root = ROOT) {
  embedShaders(root);
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--noEmitOnError'];
  const child = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (child.status !== 0) return `${child.stdout}${child.stderr}`.trim() || `tsc: exit code ${child.status}`;
  if (existsSync(join(root, COMMAND))) chmodSync(join(root, COMMAND), 0o755);
  return '';
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const failure = build();
  if (failure) {
    console.error(failure);
    process.exitCode = 1;
  }
}
