import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readClasses } from '../../../src/data/pictures/classes.ts';
import { folderTest } from '../temporary-folder.ts';

folderTest.for([
  ['the key alone', 'cat', 'cat', 'cat'],
  ['a tab', 'cat\tthe cat', 'cat', 'the cat'],
  ['a comma, and blanks', 'cat , the cat', 'cat', 'the cat'],
  ['a blank', 'cat the cat', 'cat', 'the cat'],
  ['a comma at the key', 'cat, the cat', 'cat', 'the cat'],
  ['a key with blanks', 'big cat, the cat', 'big cat', 'the cat'],
  ['a key with blanks alone', 'big cat', 'big cat', 'big cat'],
  ['a key with a comma alone', 'big,cat', 'big,cat', 'big,cat'],
  ['a mark and nothing', 'cat,', 'cat', 'cat'],
  // once a TypeError: "." of a regular expression takes none of them
  ['a line separator within', 'cat\tthe\u2028cat', 'cat', 'the\u2028cat'],
  ['an old Macintosh’s line end within', 'cat the\rcat', 'cat', 'the\rcat'],
])('a line is a key and what it is called: %s', async ([, line, key, name], { folder }) => {
  const path = join(folder, 'classes.txt');
  await writeFile(path, `${line}\n`);
  const { names, numberOf } = await readClasses(path, new Set([key]));
  expect([names, numberOf(key)]).toEqual([[name], 0]);
});

folderTest('a line of blanks takes no time', async ({ folder }) => {
  const path = join(folder, 'classes.txt');
  await writeFile(path, `cat${' '.repeat(10 ** 6)}x`);
  const before = process.cpuUsage();
  expect((await readClasses(path, new Set(['cat']))).names).toEqual(['x']);
  const { user, system } = process.cpuUsage(before);
  // once the square of their number: three hours
  expect(user + system).toBeLessThan(2e6);
});

folderTest('a file that is too long for names is not read', async ({ folder }) => {
  const path = join(folder, 'classes.txt');
  await writeFile(path, 'a'.repeat(2 ** 22 + 1));
  await expect(readClasses(path, new Set())).rejects.toMatchObject({ code: 'data-size' });
});
