import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import type { Choice, Choices } from '../../src/plan/choices.ts';
import { readAllTuning, readTuning, tuningFile, writeTuning } from '../../src/tune/cache.ts';
import { folderTest } from '../data/temporary-folder.ts';

const GPU = { adapter: 'GPU', driver: 'driver 1', software: false };
const PACKED: Choice = { form: 'registers', arithmetic: 'packed', weights: 'uniform' };
const TILED: Choice = { form: 'tiled', arithmetic: 'f32', weights: 'storage' };
const SHAPE = '3x3/1x1 16x8x8 -> 16x8x8';

const silent = (line: string): void => {
  throw new Error(`unexpected warning: ${line}`);
};

folderTest('what is written is read again, by adapter and driver, and added to', async ({ folder }) => {
  const path = join(folder, 'deep', 'tuning.json');
  expect(await readTuning(GPU, silent, path)).toEqual({});
  await writeTuning(GPU, { [SHAPE]: PACKED, b: PACKED }, silent, path);
  await writeTuning({ ...GPU, driver: 'driver 2' }, { [SHAPE]: TILED }, silent, path);
  expect(await writeTuning(GPU, { b: TILED, c: PACKED }, silent, path)).toBe(path);
  expect(await readTuning(GPU, silent, path)).toEqual({ [SHAPE]: PACKED, b: TILED, c: PACKED });
  expect(await readTuning({ ...GPU, driver: 'driver 2' }, silent, path)).toEqual({ [SHAPE]: TILED });
  expect(await readTuning({ ...GPU, driver: 'driver 3' }, silent, path)).toEqual({});
  expect(readdirSync(join(folder, 'deep'))).toEqual(['tuning.json']);
});

folderTest('writers at once leave a whole file of one of them', async ({ folder }) => {
  const path = join(folder, 'tuning.json');
  const choicesOf = (i: number): Choices => Object.fromEntries(Array.from({ length: 300 }, (_, s) => [`${i} ${s}`, PACKED]));
  let writing = true;
  const reader = (async () => {
    let reads = 0;
    for (; writing; reads++) await readTuning(GPU, silent, path);
    return reads;
  })();
  await Promise.all(Array.from({ length: 12 }, (_, i) => writeTuning(GPU, choicesOf(i), silent, path)));
  writing = false;
  expect(await reader).toBeGreaterThan(0);
  const found = Object.keys(await readTuning(GPU, silent, path));
  expect(found.length % 300).toBe(0);
  expect(found.length).toBeGreaterThan(0);
  expect(readdirSync(folder)).toEqual(['tuning.json']);
});

describe('a damaged cache is left out, with one warning', () => {
  const cache = (adapters: unknown, more = {}) => JSON.stringify({ version: 4, adapters, ...more });
  const good = { [SHAPE]: PACKED };
  const rows: [string, string, Choices][] = [
    ['half a file', cache({ 'GPU | driver 1': good }).slice(0, 60), {}],
    ['an empty file', '', {}],
    ['a list', '[1, 2]', {}],
    ['another version', JSON.stringify({ version: 1, adapters: { 'GPU | driver 1': good } }), {}],
    ['no adapters', '{"version": 4}', {}],
    ['an adapter that is a list', cache({ 'GPU | driver 1': [PACKED] }), {}],
    ['an unknown field of the file', cache({ 'GPU | driver 1': good }, { more: 1 }), good],
    ['an unknown form', cache({ 'GPU | driver 1': { ...good, b: { ...PACKED, form: 'magic' } } }), good],
    ['an unknown field of a choice', cache({ 'GPU | driver 1': { ...good, b: { ...PACKED, more: 1 } } }), good],
    ['a choice without weights', cache({ 'GPU | driver 1': { ...good, b: { form: 'tiled', arithmetic: 'f32' } } }), good],
    ['a choice by a name of Object', cache({ 'GPU | driver 1': { ...good, b: { ...TILED, constructor: 'f32' } } }), good],
    ['a null', cache({ 'GPU | driver 1': { ...good, b: null } }), good],
    ['a name that moves the cursor', cache({ 'GPU | driver 1': { ...good, '\x1b[2J': PACKED } }), good],
  ];
  folderTest.for(rows)('%s', async ([, text, expected], { folder }) => {
    const path = join(folder, 'tuning.json');
    writeFileSync(path, text);
    const warnings: string[] = [];
    expect(await readTuning(GPU, (line) => warnings.push(line), path)).toEqual(expected);
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toMatch(/^tuning cache .*; ignored$/);
    // and the next one that is written is whole again
    await writeTuning(GPU, { c: TILED }, () => {}, path);
    expect(await readTuning(GPU, silent, path)).toEqual({ ...expected, c: TILED });
  });

  folderTest('a folder in its place', async ({ folder }) => {
    const warnings: string[] = [];
    expect(await readAllTuning((line) => warnings.push(line), folder)).toEqual({});
    expect(warnings).toEqual([`tuning cache ${folder}: is not a file; ignored`]);
    await expect(writeTuning(GPU, {}, () => {}, folder)).rejects.toThrow(OptionError);
  });

  folderTest('names that reach prototypes stay names', async ({ folder }) => {
    const path = join(folder, 'tuning.json');
    writeFileSync(path, `{"version": 4, "adapters": {"__proto__": {"a": ${JSON.stringify(PACKED)}}}}`);
    expect(await readTuning(GPU, silent, path)).toEqual({});
    expect('a' in {}).toBe(false);
    await writeTuning(GPU, { b: TILED }, silent, path);
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')).adapters)).toEqual(['__proto__', 'GPU | driver 1']);
  });
});

describe('tuningFile', () => {
  it.each([
    ['the variable', { BSNN_CACHE_DIR: '/c', XDG_CACHE_HOME: '/x' }, 'linux', /^\/c\/tuning\.json$/],
    ['the XDG folder', { XDG_CACHE_HOME: '/x' }, 'linux', /^\/x\/bsnn-webgpu\/tuning\.json$/],
    ['not a relative XDG folder', { XDG_CACHE_HOME: 'x' }, 'linux', /^\/.*\/\.cache\/bsnn-webgpu\/tuning\.json$/],
    ['the home folder', {}, 'linux', /^\/.*\/\.cache\/bsnn-webgpu\/tuning\.json$/],
    ['LOCALAPPDATA', { LOCALAPPDATA: '/l' }, 'win32', /^\/l\/bsnn-webgpu\/tuning\.json$/],
  ])('%s', (_, env, platform, expected) => {
    expect(tuningFile(env, platform)?.replaceAll('\\', '/')).toMatch(expected);
  });

  it('a user without a home folder has none: nothing is read, and what is to be written is refused', async () => {
    expect(tuningFile({}, 'linux', () => null)).toBeNull();
    expect(await readTuning(GPU, silent, null)).toEqual({});
    await expect(writeTuning(GPU, { a: TILED }, silent, null)).rejects.toThrow(/there is no home folder; name a folder for it/);
  });
});
