import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openDataSet } from '../../src/data/open.ts';
import { folderTest } from './temporary-folder.ts';

const SOURCE =
  '{ count: 2, shape: { channels: 1, height: 1, width: 3 }, labels: [1, 0], read: (first, n) => new Uint8Array(3 * n).fill(first) }';

async function open(folder: string, text: string) {
  const path = join(folder, 'images.mjs');
  await writeFile(path, text);
  return openDataSet(`module:${path}`);
}

folderTest.for([
  ['a source', `export default ${SOURCE};`],
  ['a function', `export default () => (${SOURCE});`],
  ['a function that takes its time', `export default async () => (${SOURCE});`],
])('%s is a data set whose classes and normalisation nobody knows', async ([, text], { folder }) => {
  const set = await open(folder, text);
  expect(set).toMatchObject({ name: 'images', classes: [], mean: [0], std: [1], normalization: 'unknown', training: null });
  expect(set.evaluation).toMatchObject({ count: 2, labels: [1, 0] });
  expect([...(await set.evaluation.read(1, 1))]).toEqual([1, 1, 1]);
});

folderTest('a data set is taken as it is', async ({ folder }) => {
  const set = await open(
    folder,
    `export default { name: 'mine', classes: ['a', 'b'], mean: [0.5], std: [0.25], evaluation: ${SOURCE}, training: null };`,
  );
  expect(set).toMatchObject({ name: 'mine', classes: ['a', 'b'], mean: [0.5] });
  expect(set.normalization).toBeUndefined();
});

folderTest.for([
  ['nothing', 'export const images = 1;', 'OptionError', /does not export images as its default/],
  ['something else', 'export default 7;', 'OptionError', /does not export images/],
  ['what fails', "throw new Error('no connection');", 'DataSetError', /fails \(no connection\)/],
  ['a function that fails', "export default () => { throw new Error('no table'); };", 'DataSetError', /fails \(no table\)/],
  ['no JavaScript', 'export default {', 'DataSetError', /fails \(/],
] as const)('a module that exports %s', async ([, text, name, message], { folder }) => {
  const error = await open(folder, text).catch((e) => e);
  expect(error.name).toBe(name);
  expect(error.message).toMatch(message);
});

folderTest('no module', async ({ folder }) => {
  await expect(openDataSet(`module:${join(folder, 'none.mjs')}`)).rejects.toMatchObject({ code: 'data-missing' });
});
