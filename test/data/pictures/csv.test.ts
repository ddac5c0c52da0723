import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openDataSet } from '../../../src/data/open.ts';
import { listCsv } from '../../../src/data/pictures/csv.ts';
import { folderTest } from '../temporary-folder.ts';

async function list(folder: string, text: string, classes?: string) {
  const path = join(folder, 'list.csv');
  await writeFile(path, text);
  const found = await listCsv(path, classes);
  return { names: found.classes.names, rows: found.files.map(({ path: file, label }) => [file.slice(folder.length + 1), label]) };
}

folderTest.for([
  ['numbers', 'a.png,2\nb/c.png,0\n'],
  ['a heading', 'path,label\na.png,2\nb/c.png,0\n'],
  ['semicolons, blanks and Windows’ line ends', 'file; class \r\na.png ; 2\r\n\r\nb/c.png;0\r\n'],
  ['tabs and a byte order mark', '\uFEFFa.png\t2\nb/c.png\t0'],
  ['quotes', '"a.png","2"\n"b/c.png","0"\n'],
  ['columns of others', 'a.png,2,x,y\nb/c.png,0\n'],
])('classes that are numbers: %s', async ([, text], { folder }) => {
  expect(await list(folder, text)).toEqual({
    names: ['0', '1', '2'],
    rows: [
      ['a.png', 2],
      ['b/c.png', 0],
    ],
  });
});

folderTest('classes that are names are numbered by their order, or by a file', async ({ folder }) => {
  const text = 'image,category\n1.png,dog\n"2,2.png",cat\n3.png,dog\n';
  const rows = (dog: number, cat: number) => [
    ['1.png', dog],
    ['2,2.png', cat],
    ['3.png', dog],
  ];
  expect(await list(folder, text)).toEqual({ names: ['cat', 'dog'], rows: rows(1, 0) });
  await writeFile(join(folder, 'names'), 'dog\nfox\ncat\n');
  expect(await list(folder, text, join(folder, 'names'))).toEqual({ names: ['dog', 'fox', 'cat'], rows: rows(0, 2) });
  await writeFile(join(folder, 'names'), 'dog\nfox\n');
  await expect(list(folder, text, join(folder, 'names'))).rejects.toThrow(/has no line for "cat"/);
});

folderTest.for([
  ['a line without a class', 'a.png,1\nb.png\n', 'data-corrupt', /list.csv, line 2: has no path or no class/],
  ['a quote that does not end', 'a.png,"1\nb.png,2\n', 'data-corrupt', /cannot be read as a table/],
  ['a heading alone', 'path,label\n', 'data-empty', /lists no pictures/],
] as const)('%s', async ([, text, code, message], { folder }) => {
  const error = await list(folder, text).catch((e) => e);
  expect(error).toMatchObject({ name: 'DataSetError', code });
  expect(error.message).toMatch(message);
});

folderTest('no such table; no such picture', async ({ folder }) => {
  await expect(openDataSet(`csv:${join(folder, 'none.csv')}`)).rejects.toMatchObject({ code: 'data-missing' });
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'sub/list.csv'), 'a.png,1\n');
  const { evaluation } = await openDataSet(`csv:${join(folder, 'sub/list.csv')}`);
  await expect(Promise.resolve(evaluation.read(0, 1))).rejects.toMatchObject({
    code: 'data-missing',
    where: join(folder, 'sub/a.png'),
  });
});
