import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { openDataSet } from '../../../src/data/open.ts';
import { listFolder } from '../../../src/data/pictures/folder.ts';
import { folderTest } from '../temporary-folder.ts';

/** A picture of one grey, 5 × 5. */
const picture = (value: number, side = 5) =>
  sharp({ create: { width: side, height: side, channels: 3, background: { r: value, g: value, b: value } } })
    .png()
    .toBuffer();

/** Writes files by their paths below a folder: a grey for a picture, or text. */
async function tree(folder: string, files: Readonly<Record<string, number | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'number' ? await picture(content) : content);
  }
}

const THREE = { 'cat/1.png': 10, 'cat/2.png': 11, 'ant/1.png': 20, 'dog/1.png': 30, 'dog/2.png': 31 };
const SMALL = { channels: 3, height: 5, width: 5 };

/** The greys of a folder's images, with their labels, in order. */
async function images(folder: string, options: Parameters<typeof openDataSet>[1] = {}) {
  const set = await openDataSet(`folder:${folder}`, { input: SMALL, ...options });
  const { evaluation } = set;
  const pixels = await evaluation.read(0, evaluation.count);
  const values = Array.from({ length: evaluation.count }, (_, i) => pixels[i * 75]);
  return { set, pairs: values.map((value, i) => [value, evaluation.labels[i]]) };
}

describe('classes', () => {
  folderTest('are the sorted names of the folders', async ({ folder }) => {
    await tree(folder, THREE);
    const { set, pairs } = await images(folder);
    expect(set).toMatchObject({ name: 'folder', classes: ['ant', 'cat', 'dog'], sortedClasses: true, training: null, skipped: [] });
    // every prefix has the mix of the whole: each class's first quarter, half, three quarters
    expect(pairs).toEqual([
      [10, 1],
      [30, 2],
      [20, 0],
      [11, 1],
      [31, 2],
    ]);
  });

  folderTest.for([
    ['in the folder', 'classes.txt', {}],
    ['beside it', '../classes.txt', {}],
    ['that is named', '../names.csv', { classes: 'names.csv' }],
  ] as const)('are numbered by a file %s', async ([, place, options], { folder }) => {
    const inner = join(folder, 'val');
    await tree(inner, THREE);
    await writeFile(join(inner, place), 'dog a dog\nfox\ncat, the cat\nant\tan ant\n');
    const { set, pairs } = await images(inner, 'classes' in options ? { classes: join(folder, options.classes) } : {});
    expect(set).toMatchObject({ classes: ['a dog', 'fox', 'the cat', 'an ant'], sortedClasses: false });
    expect(Object.fromEntries(pairs)).toEqual({ 10: 2, 11: 2, 20: 3, 30: 0, 31: 0 });
  });

  folderTest('a line that is a folder’s name is one, blanks and all', async ({ folder }) => {
    await tree(folder, { 'great white/1.png': 1, 'great/1.png': 2, 'classes.txt': 'great\r\ngreat white\r\n' });
    const { set, pairs } = await images(folder);
    expect(set.classes).toEqual(['great', 'great white']);
    expect(Object.fromEntries(pairs)).toEqual({ 1: 1, 2: 0 });
  });

  folderTest.for([
    ['misses a folder', 'cat\ndog\n', /classes.txt: has no line for "ant"/],
    ['names one twice', 'cat\nant\ncat\ndog', /line 3: names "cat" again, which is class 0/],
    ['has a blank line', 'cat\n\nant\ndog', /line 2: is blank/],
  ] as const)('a file that %s is refused', async ([, text, message], { folder }) => {
    await tree(folder, { ...THREE, 'classes.txt': text });
    await expect(openDataSet(`folder:${folder}`)).rejects.toThrow(message);
  });

  folderTest('a file that is named and not there is refused', async ({ folder }) => {
    await tree(folder, THREE);
    await expect(openDataSet(`folder:${folder}`, { classes: join(folder, 'none') })).rejects.toMatchObject({
      code: 'data-missing',
    });
  });
});

describe('what counts as a picture', () => {
  folderTest('lies at any depth, is not hidden, and ends as pictures do', async ({ folder }) => {
    await tree(folder, {
      'a/deep/er/1.PNG': 1,
      'a/2.jpeg': 2,
      'a/.hidden.png': 3,
      'a/notes.txt': 'x',
      'a/Thumbs.db': 'x',
      '.git/4.png': 4,
      'b/5.png': 5,
      'readme.png': 6,
    });
    await symlink(join(folder, 'b'), join(folder, 'c'));
    await symlink(join(folder, 'a'), join(folder, 'a/round'));
    const { files, classes } = await listFolder(folder);
    expect(classes.names).toEqual(['a', 'b', 'c']);
    expect(files.map(({ path }) => path.slice(folder.length + 1)).sort()).toEqual([
      'a/2.jpeg',
      'a/deep/er/1.PNG',
      'b/5.png',
      'c/5.png',
    ]);
  });

  folderTest('a folder without folders, or with empty ones', async ({ folder }) => {
    await expect(listFolder(folder)).rejects.toMatchObject({ code: 'data-empty', what: 'has no folders in it' });
    await mkdir(join(folder, 'a'));
    await expect(listFolder(folder)).rejects.toMatchObject({ code: 'data-empty', what: 'has no pictures in its folders' });
    await expect(listFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'data-missing' });
  });
});

describe('images', () => {
  folderTest('of 224 × 224 where the network is not known', async ({ folder }) => {
    await tree(folder, THREE);
    const { evaluation } = await openDataSet(`folder:${folder}`);
    expect(evaluation.shape).toEqual({ channels: 3, height: 224, width: 224 });
    expect((await evaluation.read(1, 1)).every((p) => p === 30)).toBe(true);
  });

  folderTest('of another size than the first are refused by name, and what would help', async ({ folder }) => {
    await tree(folder, THREE);
    await writeFile(join(folder, 'dog/3.png'), await picture(1, 6));
    const { evaluation } = await openDataSet(`folder:${folder}`, { input: SMALL });
    const error = await Promise.resolve(evaluation.read(0, evaluation.count)).catch((e) => e);
    expect(error).toMatchObject({ code: 'data-size', where: join(folder, 'dog/3.png'), what: 'is 6 × 6, the others are 5 × 5' });
    expect(error.remedy).toContain('--resize');
  });

  folderTest('in colour for a network that takes grey are refused, unless grey is asked for', async ({ folder }) => {
    await tree(folder, THREE);
    const input = { channels: 1, height: 5, width: 5 };
    const { evaluation } = await openDataSet(`folder:${folder}`, { input });
    await expect(Promise.resolve(evaluation.read(0, 1))).rejects.toThrow(/is in colour, and the images are grey.*--channels 1/);
    const grey = await openDataSet(`folder:${folder}`, { input, channels: 1 });
    expect([...(await grey.evaluation.read(0, 1))]).toEqual(new Array(25).fill(10));
    expect(grey).toMatchObject({ mean: [0.449], std: [0.226] });
  });
});

describe('files that cannot be read', () => {
  folderTest('are named by the first that is met; with skipBad left out and listed', async ({ folder }) => {
    await tree(folder, { ...THREE, 'ant/2.png': 'no picture', 'ant/\x1b[31m.svg': '<svg/>', 'cat/3.png': '' });
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'dog/pipe.jpg')]);
    const reading = openDataSet(`folder:${folder}`, { input: SMALL }).then(({ evaluation: all }) => all.read(0, all.count));
    await expect(reading).rejects.toMatchObject({ name: 'DataSetError', where: expect.stringContaining(folder) });

    const checked: number[] = [];
    const { set, pairs } = await images(folder, { skipBad: true, onChecked: (done) => checked.push(done) });
    expect(checked).toEqual(Array.from(checked, (_, i) => i + 1));
    expect(pairs.map(([value]) => value).sort()).toEqual([10, 11, 20, 30, 31]);
    const reasons = Object.fromEntries((set.skipped ?? []).map(({ path, reason }) => [path.slice(folder.length + 1), reason]));
    expect(reasons).toMatchObject({
      'ant/2.png': expect.stringContaining('is no picture of the kinds'),
      'ant/\x1b[31m.svg': expect.stringContaining('is no picture of the kinds'),
      'cat/3.png': 'is empty',
      ...(process.platform === 'win32' ? {} : { 'dog/pipe.jpg': 'is not a file' }),
    });
  });

  folderTest.skipIf(process.getuid?.() === 0)('a file without permission', async ({ folder }) => {
    await tree(folder, THREE);
    await chmod(join(folder, 'cat/1.png'), 0);
    const { set } = await images(folder, { skipBad: true });
    expect(set.skipped).toEqual([{ path: join(folder, 'cat/1.png'), reason: expect.stringContaining('EACCES') }]);
  });

  folderTest('all of them', async ({ folder }) => {
    await tree(folder, { 'a/1.png': 'x', 'b/1.png': 'y' });
    await expect(openDataSet(`folder:${folder}`, { skipBad: true })).rejects.toThrow(/none of its 2 pictures can be read/);
  });
});
