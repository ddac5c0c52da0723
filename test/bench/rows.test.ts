import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keepRows } from '../../bench/rows.ts';
import { folderTest } from '../data/temporary-folder.ts';

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

folderTest('the file has each row as soon as it is added, and says that the run was cut until it has finished', ({ folder }) => {
  const file = join(folder, 'rows.json');
  let load = 1;
  const kept = keepRows<string>(file, () => ({ load }));
  kept.add('first');
  expect(read(file)).toEqual({ load: 1, cut: true, rows: ['first'] });
  load = 2;
  kept.add('second');
  expect(read(file)).toEqual({ load: 2, cut: true, rows: ['first', 'second'] });
  expect(kept.finish()).toEqual(['first', 'second']);
  expect(read(file)).toEqual({ load: 2, rows: ['first', 'second'] });
});

it('without a file rows are kept all the same', () => {
  const kept = keepRows<number>(null, () => ({}));
  kept.add(1);
  expect(kept.finish()).toEqual([1]);
});

/** The module compiled beside its packages, with a program that adds rows for ever and prints how many the file has. */
let compiled: string;
beforeAll(() => {
  mkdirSync('.cache', { recursive: true });
  compiled = mkdtempSync(resolve('.cache', 'test-rows-'));
  const options = [
    '--ignoreConfig',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--rewriteRelativeImportExtensions',
    '--rootDir',
    '.',
  ];
  const tsc = [
    'node_modules/typescript/bin/tsc',
    'bench/rows.ts',
    ...options,
    '--skipLibCheck',
    '--types',
    'node',
    '--outDir',
    compiled,
  ];
  const { status, stdout } = spawnSync(process.execPath, tsc, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
  writeFileSync(
    join(compiled, 'endless.mjs'),
    `import { writeSync } from 'node:fs';
     import { keepRows } from './bench/rows.js';
     const kept = keepRows(process.argv[2], () => ({ head: 'x'.repeat(1e5) }));
     for (let n = 1; ; n++) { kept.add(n); writeSync(1, n + '\\n'); }`,
  );
});
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

/** Rows that a program had announced when it was killed, at a moment that `ms` decides. */
async function killed(child: ChildProcess, ms: number): Promise<number> {
  let announced = '';
  child.stdout?.on('data', (text) => {
    if (announced === '') setTimeout(() => child.kill('SIGKILL'), ms);
    announced += text;
  });
  await new Promise((done) => child.once('close', done));
  return Number(announced.trim().split('\n').pop());
}

folderTest('a run killed at any moment leaves a valid file with all that it had', async ({ folder }) => {
  for (const ms of [0, 3, 11, 24]) {
    const file = join(folder, `${ms}.json`);
    const announced = await killed(spawn(process.execPath, [join(compiled, 'endless.mjs'), file]), ms);
    expect(existsSync(file)).toBe(true);
    const { cut, rows } = read(file);
    expect(cut).toBe(true);
    expect(rows.length).toBeGreaterThanOrEqual(announced);
    expect(rows).toEqual(Array.from({ length: rows.length }, (_, i) => i + 1));
  }
});
