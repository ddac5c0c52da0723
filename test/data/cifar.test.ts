import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { openDataSet } from '../../src/data/open.ts';
import { MAX_BYTES } from '../../src/data/read-file.ts';
import { pixelsOf } from '../helpers/images.ts';
import { folderTest } from './temporary-folder.ts';

const PIXELS = 3072;

interface Image {
  /** One label byte (CIFAR-10), or coarse and fine (CIFAR-100). */
  readonly labels: readonly number[];
  readonly pixels: Uint8Array;
}

const encode = (images: readonly Image[]) =>
  Buffer.concat(images.map(({ labels, pixels }) => Buffer.concat([Buffer.from(labels), pixels])));

const image = (...labels: number[]): Image => ({ labels, pixels: new Uint8Array(PIXELS).fill(labels[0] + 1) });

/** The two layouts: how many values each label byte has, and the files. */
const KINDS = [
  { kind: 'cifar10', counts: [10], evaluation: 'test_batch.bin', training: 'data_batch_1.bin', names: 'batches.meta.txt' },
  { kind: 'cifar100', counts: [20, 100], evaluation: 'test.bin', training: 'train.bin', names: 'fine_label_names.txt' },
];

describe.each(KINDS)('$kind', ({ kind, counts, evaluation, training, names }) => {
  const classes = counts[counts.length - 1];
  const valid = image(...counts.map((count) => count - 1));
  const open = (folder: string) => openDataSet(`${kind}:${folder}`);

  folderTest('what is written is what is read', async ({ folder }) => {
    const images = fc.array(
      fc.record({
        labels: fc.tuple(...counts.map((count) => fc.nat(count - 1))),
        pixels: fc.uint8Array({ minLength: PIXELS, maxLength: PIXELS }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(images, images, async (tested, trained) => {
        await writeFile(join(folder, evaluation), encode(tested));
        await writeFile(join(folder, training), encode(trained));
        const set = await open(folder);
        for (const [read, written] of [
          [set.evaluation, tested],
          [set.training!, trained],
        ] as const) {
          expect(read.count).toBe(written.length);
          expect(read.shape).toEqual({ channels: 3, height: 32, width: 32 });
          expect([...Array.from(read.labels!)]).toEqual(written.map(({ labels }) => labels[labels.length - 1]));
          expect(Buffer.compare(await pixelsOf(read), Buffer.concat(written.map(({ pixels }) => pixels)))).toBe(0);
        }
      }),
      { numRuns: 20 },
    );
  });

  folderTest('training is null and names are the standard ones where the files are not there', async ({ folder }) => {
    await writeFile(join(folder, evaluation), encode([valid]));
    const set = await open(folder);
    expect(set.training).toBeNull();
    expect(set.name).toBe(kind);
    expect(set.classes).toHaveLength(classes);
    expect(set.classes[3]).toBe(kind === 'cifar10' ? 'cat' : '3');
    expect(set.mean).toHaveLength(3);
    expect(set.std).toHaveLength(3);
  });

  folderTest('names come from the file, whatever its line ends', async ({ folder }) => {
    const expected = Array.from({ length: classes }, (_, c) => `class ${c}`);
    await writeFile(join(folder, evaluation), encode([valid]));
    await writeFile(join(folder, names), `${expected.join('\r\n')}\r\n\r\n`);
    expect((await open(folder)).classes).toEqual(expected);
  });

  folderTest('too few names are refused', async ({ folder }) => {
    await writeFile(join(folder, evaluation), encode([valid]));
    await writeFile(join(folder, names), 'one\ntwo\n');
    await expect(open(folder)).rejects.toMatchObject({ code: 'data-count', where: join(folder, names) });
  });

  folderTest('a folder without the evaluation file is refused', async ({ folder }) => {
    await writeFile(join(folder, training), encode([valid]));
    await expect(open(folder)).rejects.toMatchObject({ code: 'data-missing', where: join(folder, evaluation) });
  });

  folderTest('a file in place of the folder is refused', async ({ folder }) => {
    const file = join(folder, evaluation);
    await writeFile(file, encode([valid]));
    await expect(open(file)).rejects.toMatchObject({ code: 'data-missing', where: file });
  });

  folderTest('a folder in place of the file is refused', async ({ folder }) => {
    await mkdir(join(folder, evaluation));
    await expect(open(folder)).rejects.toMatchObject({ code: 'data-missing', where: join(folder, evaluation) });
  });

  folderTest('an empty file is refused', async ({ folder }) => {
    await writeFile(join(folder, evaluation), '');
    await expect(open(folder)).rejects.toMatchObject({ code: 'data-empty', where: join(folder, evaluation) });
  });

  folderTest.for([-1, 1])('a file %i byte off a whole record is refused by record', async (difference, { folder }) => {
    const file = join(folder, evaluation);
    await writeFile(file, encode([valid, valid, valid]));
    await truncate(file, 3 * (counts.length + PIXELS) + difference);
    const record = difference < 0 ? 2 : 3;
    await expect(open(folder)).rejects.toMatchObject({ code: 'data-truncated', where: `${file}, record ${record}` });
  });

  folderTest('a huge (sparse) file is refused by its size, unread', async ({ folder }) => {
    const file = join(folder, evaluation);
    await writeFile(file, '');
    await truncate(file, MAX_BYTES + 1);
    await expect(open(folder)).rejects.toMatchObject({ code: 'data-size', where: file });
  });

  for (const [byte, count] of counts.entries()) {
    folderTest(`label byte ${byte} out of range is refused by record, in training too`, async ({ folder }) => {
      const bad = image(...valid.labels.map((label, i) => (i === byte ? count : label)));
      await writeFile(join(folder, evaluation), encode([valid]));
      await writeFile(join(folder, training), encode([valid, bad]));
      await expect(open(folder)).rejects.toMatchObject({ code: 'data-label', where: `${join(folder, training)}, record 1` });
      await writeFile(join(folder, evaluation), encode([bad]));
      await expect(open(folder)).rejects.toMatchObject({ code: 'data-label', where: `${join(folder, evaluation)}, record 0` });
    });
  }
});

folderTest('cifar10: training batches follow each other by number', async ({ folder }) => {
  await writeFile(join(folder, 'test_batch.bin'), encode([image(0)]));
  for (const n of [10, 2, 1]) await writeFile(join(folder, `data_batch_${n}.bin`), encode([image(n % 10)]));
  expect([...Array.from((await openDataSet(`cifar10:${folder}`)).training!.labels!)]).toEqual([1, 2, 0]);
});
