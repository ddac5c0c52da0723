import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { openDataSet } from '../../src/data/open.ts';
import { MAX_BYTES } from '../../src/data/read-file.ts';
import { pixelsOf } from '../helpers/images.ts';
import { folderTest } from './temporary-folder.ts';

const IMAGES = 0x0803;
const LABELS = 0x0801;

function idx(magic: number, sizes: readonly number[], bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(magic);
  sizes.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([header, bytes]);
}

const images = (count: number, height: number, width: number) =>
  idx(IMAGES, [count, height, width], new Uint8Array(count * height * width).fill(7));
const labels = (...values: number[]) => idx(LABELS, [values.length], Uint8Array.from(values));

/** Writes both files and opens them. */
async function open(folder: string, imagesFile: Uint8Array, labelsFile: Uint8Array) {
  await writeFile(join(folder, 'images'), imagesFile);
  await writeFile(join(folder, 'labels'), labelsFile);
  return openDataSet(`idx:${join(folder, 'images')},${join(folder, 'labels')}`);
}

const CONTAINERS = [
  { container: 'plain', pack: (b: Buffer): Buffer => b },
  { container: 'gzip', pack: (b: Buffer): Buffer => gzipSync(b) },
];

describe.each(CONTAINERS)('$container', ({ pack }) => {
  folderTest('what is written is what is read', async ({ folder }) => {
    const sets = fc
      .record({
        count: fc.integer({ min: 1, max: 5 }),
        height: fc.integer({ min: 1, max: 9 }),
        width: fc.integer({ min: 1, max: 9 }),
      })
      .chain(({ count, height, width }) => {
        const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
        return fc.record({
          count: fc.constant(count),
          height: fc.constant(height),
          width: fc.constant(width),
          pixels: bytes(count * height * width),
          classes: bytes(count),
        });
      });
    await fc.assert(
      fc.asyncProperty(sets, async ({ count, height, width, pixels, classes }) => {
        const set = await open(folder, pack(idx(IMAGES, [count, height, width], pixels)), pack(labels(...classes)));
        expect(set.evaluation).toMatchObject({ count, shape: { channels: 1, height, width }, labels: Uint16Array.from(classes) });
        expect(Buffer.compare(await pixelsOf(set.evaluation), pixels)).toBe(0);
        expect(set.training).toBeNull();
        expect(set.classes).toHaveLength(Math.max(10, Math.max(...classes) + 1));
        expect(set.std[0]).toBeGreaterThan(0);
      }),
      { numRuns: 50 },
    );
  });

  folderTest('an image larger than a chunk is read whole', async ({ folder }) => {
    const pixels = Uint8Array.from({ length: 700 * 701 }, (_, i) => (i * i) >> 3);
    const set = await open(folder, pack(idx(IMAGES, [1, 700, 701], pixels)), pack(labels(0)));
    expect(Buffer.compare(await pixelsOf(set.evaluation), pixels)).toBe(0);
  });

  const REFUSED: ReadonlyArray<readonly [string, string, Buffer, Buffer, string]> = [
    ['images and labels exchanged', 'data-magic', labels(1, 2), images(2, 3, 3), 'images'],
    ['labels in place of images of 4-byte numbers', 'data-magic', images(2, 3, 3), idx(0x0c01, [2], new Uint8Array(8)), 'labels'],
    ['not IDX at all', 'data-magic', Buffer.from('<!doctype html><html>'), labels(1), 'images'],
    ['a header cut short', 'data-truncated', images(2, 3, 3).subarray(0, 10), labels(1, 2), 'images'],
    ['a last image cut short', 'data-truncated', images(2, 3, 3).subarray(0, -1), labels(1, 2), 'images, record 1'],
    ['labels cut short', 'data-truncated', images(2, 3, 3), labels(1, 2).subarray(0, -1), 'labels, record 1'],
    ['a byte too many', 'data-size', Buffer.concat([images(2, 3, 3), Buffer.alloc(1)]), labels(1, 2), 'images'],
    ['no images', 'data-empty', images(0, 3, 3), labels(), 'images'],
    ['images without width', 'data-empty', images(2, 3, 0), labels(1, 2), 'images'],
    [
      'a header that announces more than is read',
      'data-size',
      idx(IMAGES, [0xffffffff, 0xffffffff, 0xffffffff], Buffer.alloc(9)),
      labels(1),
      'images',
    ],
    ['fewer labels than images', 'data-count', images(2, 3, 3), labels(1), 'labels'],
    ['more labels than images', 'data-count', images(2, 3, 3), labels(1, 2, 3), 'labels'],
  ];
  for (const [name, code, imagesFile, labelsFile, where] of REFUSED) {
    folderTest(`${name}: refused`, async ({ folder }) => {
      const opened = open(folder, pack(imagesFile), pack(labelsFile));
      await expect(opened).rejects.toMatchObject({
        name: 'DataSetError',
        code,
        where: expect.stringContaining(join(folder, where)),
      });
    });
  }
});

folderTest('a gzip bomb is refused as soon as it exceeds what its header announces', async ({ folder }) => {
  const bomb = gzipSync(Buffer.concat([images(2, 3, 3), Buffer.alloc(2 ** 26)]));
  expect(bomb.length).toBeLessThan(2 ** 17);
  await expect(open(folder, bomb, labels(1, 2))).rejects.toMatchObject({ code: 'data-size', where: join(folder, 'images') });
});

folderTest('a gzip file cut short is refused', async ({ folder }) => {
  const cut = gzipSync(images(2, 30, 30)).subarray(0, -12);
  await expect(open(folder, cut, labels(1, 2))).rejects.toMatchObject({ code: 'data-corrupt', where: join(folder, 'images') });
});

folderTest('an empty file is refused', async ({ folder }) => {
  await expect(open(folder, images(1, 3, 3), Buffer.alloc(0))).rejects.toMatchObject({
    code: 'data-empty',
    where: join(folder, 'labels'),
  });
});

folderTest('a huge (sparse) file is refused by its size, unread', async ({ folder }) => {
  const path = join(folder, 'huge');
  await writeFile(path, images(1, 3, 3));
  await truncate(path, MAX_BYTES + 1);
  await expect(openDataSet(`idx:${path},${path}`)).rejects.toMatchObject({ code: 'data-size', where: path });
});
