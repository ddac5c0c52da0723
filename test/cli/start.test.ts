import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { type Compiled, compile } from '../helpers/compiled.ts';

// What a process loads is told by hooks of Node's own loader, in the package as it is published.

let compiled: Compiled;
beforeAll(() => {
  compiled = compile();
  writeFileSync(join(compiled.dist, 'watch.mjs'), WATCH);
  writeFileSync(join(compiled.dist, 'hooks.mjs'), HOOKS);
});
afterAll(() => compiled.remove());

const WATCH = `
import { register } from 'node:module';
register('./hooks.mjs', import.meta.url);
`;

/** Appends the address of all that is imported to a file. */
const HOOKS = `
import { appendFileSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  appendFileSync(process.env.LOADED, resolved.url + '\\n');
  return resolved;
}
`;

/** Runs Node on a file with arguments. @returns the packages that it imports, and the package's own files */
function loadedBy(...args: string[]): { packages: string[]; own: string[] } {
  const list = join(compiled.dist, 'loaded');
  writeFileSync(list, '');
  const watch = pathToFileURL(join(compiled.dist, 'watch.mjs')).href;
  const env = { ...process.env, LOADED: list };
  const { status, stderr } = spawnSync(process.execPath, ['--import', watch, ...args], { encoding: 'utf8', env });
  expect([status, stderr]).toEqual([0, '']);
  const urls = [...new Set(readFileSync(list, 'utf8').split('\n'))];
  const inPackage = urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  const dist = `${pathToFileURL(compiled.dist).href}/`;
  return {
    packages: [...new Set(inPackage)].sort(),
    own: urls.filter((url) => url.startsWith(dist) && url.endsWith('.js')).map((url) => url.slice(dist.length)),
  };
}

const main = () => join(compiled.dist, 'cli/main.js');

it.each(['--version', '--help', 'eval --help', 'trace --help', 'compare --help', 'tune-kernels --help', 'doctor --help'])(
  'bsnn %s loads no package but the one that reads the command line, and nothing that works',
  (args) => {
    const { packages, own } = loadedBy(main(), ...args.split(' '));
    expect(packages).toEqual(['commander']);
    expect(own.filter((file) => /^(?:cli\/run-|gpu|kernels|plan|run|observe|onnx|lower|plot|reference|tune)\b/.test(file))).toEqual(
      [],
    );
  },
);

it('the library loads neither pictures, nor the data of a data set, nor WebGPU', () => {
  const { packages, own } = loadedBy(join(compiled.dist, 'index.js'));
  expect(own).toContain('evaluate/evaluate.js');
  for (const name of ['vega', 'vega-lite', 'sharp', 'mnist', 'webgpu', 'cli-progress', 'commander'])
    expect(packages).not.toContain(name);
});

it('a picture loads Vega, and sharp only where it has pixels', () => {
  const draw = join(compiled.dist, 'draw.mjs');
  writeFileSync(
    draw,
    `import { renderSvg } from './plot/render.js'; await renderSvg({ data: { values: [] }, mark: 'line', encoding: {} });`,
  );
  const { packages } = loadedBy(draw);
  expect(packages).toEqual(expect.arrayContaining(['vega', 'vega-lite']));
  expect(packages).not.toContain('sharp');
});

it('Ctrl-C exits with 130', () => {
  // the signal comes as soon as the command listens for it, and so before its work is done
  const interrupt = `process.on('newListener', (name) => name === 'SIGINT' && setImmediate(() => process.kill(process.pid, 'SIGINT')));`;
  const preload = `data:text/javascript,${encodeURIComponent(interrupt)}`;
  const args = ['--import', preload, main(), 'eval', 'datasets/models/mnist-resnet.onnx', '--dataset', 'mnist'];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, signal, stdout, stderr }).toEqual({ status: EXIT.interrupted, signal: null, stdout: '', stderr: '' });
});
