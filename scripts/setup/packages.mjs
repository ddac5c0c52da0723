import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The packages that the lockfile names and `node_modules` lacks or has in another version, by path. Compared by content: a
 * checkout touches the lockfile's date without changing a word. Optional ones (other platforms' binaries) may be missing. Pure.
 * @param {import('./packages.mjs').Lock} locked package-lock.json
 * @param {import('./packages.mjs').Lock} installed node_modules/.package-lock.json
 */
export function missingPackages(locked, installed) {
  return Object.entries(locked.packages ?? {})
    .filter(([path, { version, optional, link }]) => {
      if (path === '' || link) return false;
      const there = installed.packages?.[path];
      return there ? there.version !== version : !optional;
    })
    .map(([path]) => path);
}

/**
 * Whether `npm ci` is due in `root`.
 * @param {string} root
 */
export function packagesDue(root) {
  const read = (/** @type {string} */ file) =>
    /** @type {import('./packages.mjs').Lock} */ (JSON.parse(readFileSync(join(root, file), 'utf8')));
  const locked = read('package-lock.json');
  try {
    return missingPackages(locked, read('node_modules/.package-lock.json')).length > 0;
  } catch {
    return true;
  }
}

/**
 * Installs the locked packages, without their install scripts: none is needed (binaries of webgpu and sharp come inside packages),
 * and onnxruntime-node's downloads CUDA and fails without internet.
 * @param {string} root
 * @returns {string} empty, or npm's output where it failed
 */
export function installPackages(root) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const npm = process.env.npm_execpath;
  const run = { cwd: root, encoding: /** @type {const} */ ('utf8'), maxBuffer: 2 ** 26 };
  const child = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], run)
    : spawnSync(`npm ${args.join(' ')}`, { ...run, shell: true });
  if (child.status === 0) return '';
  // npm says what is wrong first, and how it is called after that.
  const lines = `${child.stderr}${child.stdout}`.split('\n').filter((line) => line.replace(/^npm error/, '').trim());
  return [`npm ${args.join(' ')}`, ...lines.slice(0, 12)].join('\n');
}
