import { open, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImageShape, Shape } from '../../../src/ann/ann.ts';
import { layoutOf } from '../../../src/data/arrays/array-layout.ts';
import { bytesOfArray, type NpyArray, npyFile, typeOf } from '../../../src/data/arrays/npy.ts';
import { writeNpzFile } from '../../../src/data/arrays/npz-writer.ts';
import { type ArraysOptions, openNpy, openNpz } from '../../../src/data/arrays/open.ts';
import { pixelStatistics } from '../../../src/data/pixel-statistics.ts';
import { pixelsOf } from '../../helpers/images.ts';
import { describeWithNumpy, numpy } from '../../helpers/numpy.ts';
import { folderTest } from '../temporary-folder.ts';

type Arrays = Readonly<Record<string, readonly [NpyArray, readonly number[]]>>;

async function npy(folder: string, images: Arrays[string], labels: Arrays[string], options?: ArraysOptions) {
  await writeFile(join(folder, 'images.npy'), npyFile(...images));
  await writeFile(join(folder, 'labels.npy'), npyFile(...labels));
  return openNpy(join(folder, 'images.npy'), join(folder, 'labels.npy'), options);
}

async function npz(folder: string, arrays: Arrays, options?: ArraysOptions) {
  const file = await open(join(folder, 'x.npz'), 'w');
  const all = Object.entries(arrays).map(([name, [array, shape]]) => ({
    name,
    type: typeOf(array),
    shape,
    pieces: [bytesOfArray(array)],
  }));
  await writeNpzFile(file, all);
  await file.close();
  return openNpz(join(folder, 'x.npz'), options);
}

const bytes = (count: number, step = 7) => Uint8Array.from({ length: count }, (_, i) => (i * step + (i >> 3)) % 256);
const shape = (channels: number, height: number, width: number): Shape => ({ channels, height, width });
const last = (channels: number, height: number, width: number): ImageShape => ({
  ...shape(channels, height, width),
  layout: 'nhwc',
});
const labels = (...values: number[]): Arrays[string] => [Int32Array.from(values), [values.length]];

describe('layout', () => {
  it.each<[string, number[], ImageShape | undefined, Shape, boolean]>([
    ['grey', [9, 5, 6], undefined, shape(1, 5, 6), false],
    ['vectors', [9, 784], undefined, shape(784, 1, 1), false],
    ['channels first', [9, 3, 32, 30], undefined, shape(3, 32, 30), false],
    ['channels last', [9, 32, 30, 4], undefined, shape(4, 32, 30), true],
    ['one channel first', [9, 1, 28, 28], undefined, shape(1, 28, 28), false],
    ['one channel last', [9, 28, 28, 1], undefined, shape(1, 28, 28), false],
    ['two channels first, for a model', [9, 2, 7, 7], shape(2, 7, 7), shape(2, 7, 7), false],
    ['two channels last, for a model', [9, 7, 7, 2], shape(2, 7, 7), shape(2, 7, 7), true],
    ['either way: channels first', [9, 3, 3, 3], shape(3, 3, 3), shape(3, 3, 3), false],
    ['3 rows of 4 pixels of 3, for a model', [9, 3, 4, 3], shape(3, 3, 4), shape(3, 3, 4), true],
    ['grey, for a model of one channel', [9, 28, 28], shape(1, 28, 28), shape(1, 28, 28), false],
    ['vectors, for a model of maps', [9, 784], shape(1, 28, 28), shape(1, 28, 28), false],
    ['grey, for a model of vectors', [9, 28, 28], shape(784, 1, 1), shape(1, 28, 28), false],
    ['colours first, for a model of vectors', [9, 3, 8, 8], shape(192, 1, 1), shape(3, 8, 8), false],
    ['colours last, for a model of vectors', [9, 8, 8, 3], shape(192, 1, 1), shape(192, 1, 1), false],
    ['undecided, for a model of vectors', [9, 8, 8, 8], shape(512, 1, 1), shape(512, 1, 1), false],
    ['vectors, for a model that takes maps with the channels last', [9, 90], last(3, 6, 5), shape(3, 6, 5), true],
    ['either way, for such a model', [9, 3, 3, 3], last(3, 3, 3), shape(3, 3, 3), true],
    ['channels first, for such a model', [9, 3, 6, 5], last(3, 6, 5), shape(3, 6, 5), false],
    ['vectors, for a model of vectors', [9, 5], shape(5, 1, 1), shape(5, 1, 1), false],
  ])('%s', (_, sizes, input, wanted, interleaved) => {
    expect(layoutOf(sizes, input, 'x')).toEqual({ shape: wanted, interleaved });
  });

  it.each<[string, number[], Shape | undefined, RegExp]>([
    ['two sizes of 3', [9, 3, 32, 3], undefined, /either of two sizes may be its channels; give the model/],
    ['no size of 1, 3 or 4', [9, 8, 8, 8], undefined, /give the model/],
    ['no images', [9], undefined, /shape 9, which images do not have/],
    ['one number', [], undefined, /shape \(\), which images do not have/],
    ['five sizes', [9, 1, 1, 1, 1], undefined, /which images do not have/],
    ['nothing', [0, 3, 3], undefined, /holds nothing/],
    ['images without width', [3, 3, 0], undefined, /holds nothing/],
    ['another size than the model takes', [9, 3, 32, 32], shape(3, 28, 28), /the model takes 3 × 28 × 28/],
    ['as many values, otherwise', [9, 4, 4, 9], shape(9, 2, 8), /the model takes 9 × 2 × 8/],
    ['grey for colours', [9, 6, 4], shape(2, 3, 4), /the model takes/],
    ['images beyond memory', [1, 2 ** 20, 2 ** 20], undefined, /at most 1073741824 values of an image/],
  ])('refuses %s', (_, sizes, input, message) => {
    expect(() => layoutOf(sizes, input, 'x')).toThrow(message);
  });
});

describe('bytes', () => {
  folderTest('come as they are, with exact statistics', async ({ folder }) => {
    const pixels = bytes(5 * 3 * 4 * 6);
    const set = await npy(folder, [pixels, [5, 3, 4, 6]], labels(1, 2, 3, 4, 0));
    expect(set).toMatchObject({ name: 'npy', training: null, ...pixelStatistics(pixels, shape(3, 4, 6)) });
    expect(set.normalization).toBeUndefined();
    expect(set.classes).toEqual(Array.from('0123456789'));
    expect(set.evaluation).toMatchObject({ count: 5, shape: shape(3, 4, 6), labels: Uint16Array.of(1, 2, 3, 4, 0) });
    expect(Buffer.compare(await pixelsOf(set.evaluation), pixels)).toBe(0);
    expect(Buffer.compare(await set.evaluation.read(2, 2), pixels.subarray(144, 288))).toBe(0);
    const again = await set.evaluation.read(2, 1);
    expect(again.buffer).not.toBe((await set.evaluation.read(2, 1)).buffer);
  });

  folderTest('with channels last are sorted', async ({ folder }) => {
    const pixels = bytes(2 * 2 * 12 * 3);
    const { evaluation } = await npy(folder, [pixels, [2, 2, 12, 3]], labels(1, 2));
    const found = await evaluation.read(1, 1);
    for (let c = 0; c < 3; c++) {
      for (let p = 0; p < 24; p++) expect(found[c * 24 + p]).toBe(pixels[72 + p * 3 + c]);
    }
  });

  folderTest('as vectors have one mean and deviation', async ({ folder }) => {
    const pixels = bytes(4 * 30);
    const set = await npy(folder, [pixels, [4, 30]], labels(1, 2, 11, 0), { input: shape(30, 1, 1) });
    expect(set).toMatchObject(pixelStatistics(pixels, shape(1, 1, 30)));
    expect(set.evaluation.shape).toEqual(shape(30, 1, 1));
    expect(set.classes).toHaveLength(12);
  });

  folderTest('of more than 500 images: statistics of 500 evenly spread', async ({ folder }) => {
    const pixels = bytes(1000 * 4, 1);
    const set = await npy(folder, [pixels, [1000, 2, 2]], [new Uint8Array(1000), [1000, 1]]);
    const even = Uint8Array.from({ length: 2000 }, (_, i) => pixels[Math.floor(i / 4) * 8 + (i % 4)]);
    expect(set).toMatchObject(pixelStatistics(even, shape(1, 2, 2)));
  });
});

describe('real numbers', () => {
  const N = 4;
  const two = (values: ArrayLike<number>): Arrays[string] => [Float32Array.from(values), [N, 2, 3]];
  const any = labels(0, 1, 2, 3);

  folderTest('of 0…1 are pixels / 255', async ({ folder }) => {
    const pixels = bytes(24, 11);
    const set = await npy(folder, two(Array.from(pixels, (p) => p / 255)), any);
    // what the network takes nobody knows: pixels / 255 as they are, unless an option or a sidecar says otherwise
    expect(set).toMatchObject({ mean: [0], std: [1], normalization: 'unknown' });
    expect(Buffer.compare(await pixelsOf(set.evaluation), pixels)).toBe(0);
  });

  folderTest('of 0…255 are pixels', async ({ folder }) => {
    const pixels = bytes(24, 11);
    const set = await npy(folder, [Float64Array.from(pixels, (p) => Math.min(p + 0.3, 255)), [N, 2, 3]], any);
    expect(set).toMatchObject({ mean: [0], std: [1], normalization: 'unknown' });
    expect(Buffer.compare(await pixelsOf(set.evaluation), pixels)).toBe(0);
  });

  folderTest.for<[string, (i: number) => number]>([
    ['around 0', (i) => Math.sin(i * 7) * 2.5 - 0.3],
    ['above 0 alone', (i) => 0.5 + (i % 4) / 4],
    ['below 0 alone', (i) => -3 - (i % 5)],
    ['large', (i) => (i - 3) * 1e6],
    ['small', (i) => (i - 3) * 1e-9],
  ])('%s were normalised already: mean and deviation bring them back', async ([, value], { folder }) => {
    const values = Float32Array.from({ length: 24 }, (_, i) => value(i));
    const set = await npy(folder, two(values), any);
    expect(set.normalization).toBe('applied');
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    expect([set.mean, set.std]).toEqual([[(0 - low) / (high - low)], [1 / (high - low)]]);
    const pixels = await pixelsOf(set.evaluation);
    values.forEach((v, i) => {
      expect(Math.abs((pixels[i] / 255 - set.mean[0]) / set.std[0] - v)).toBeLessThanOrEqual(((high - low) / 255) * 0.5001);
    });
  });

  folderTest('all zeros are pixels', async ({ folder }) => {
    const set = await npy(folder, two(new Float32Array(24)), any);
    expect(set).toMatchObject({ mean: [0], std: [1] });
  });

  folderTest.for<[string, number, RegExp]>([
    ['NaN', Number.NaN, /images.npy, image 2: holds NaN, which is no value of a pixel/],
    ['infinity', Number.POSITIVE_INFINITY, /image 2: holds Infinity/],
  ])('%s is refused, by image', async ([, value, message], { folder }) => {
    const values = new Float32Array(24).fill(0.5);
    values[13] = value;
    await expect(npy(folder, two(values), any)).rejects.toThrow(message);
  });

  folderTest('what the sample did not see', async ({ folder }) => {
    const values = new Float32Array(1000 * 2).fill(0.5);
    const at = (image: number, value: number) =>
      npy(folder, [values.with(image * 2, value), [1000, 1, 2]], [new Uint8Array(1000), [1000]]);
    await expect((await at(3, -0.001)).evaluation.read(2, 3)).resolves.toEqual(Uint8Array.of(128, 128, 0, 128, 128, 128));
    await expect((await at(3, Number.NaN)).evaluation.read(2, 3)).rejects.toThrow(/image 3: holds NaN/);
    await expect((await at(3, -2)).evaluation.read(2, 3)).rejects.toThrow(/image 3: holds -2, and the others are of 0 … 1;/);
    values[0] = -1;
    const { evaluation } = await at(3, 9);
    expect((await evaluation.read(3, 1))[0]).toBe(255);
  });

  folderTest('of a range beyond numbers are refused', async ({ folder }) => {
    const values = Float64Array.from({ length: 24 }, (_, i) => (i % 2 ? 1e308 : -1e308));
    await expect(npy(folder, [values, [N, 2, 3]], any)).rejects.toMatchObject({ code: 'data-corrupt' });
  });
});

describe('labels', () => {
  const three: Arrays[string] = [bytes(12), [3, 2, 2]];
  folderTest.for<[string, Arrays[string]]>([
    ['bytes', [Uint8Array.of(2, 0, 1), [3]]],
    ['a column', [Int32Array.of(2, 0, 1), [3, 1]]],
    ['one-hot', [Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 1, 0), [3, 3]]],
    ['one-hot, real', [Float32Array.of(-1, 0, 1, 1, 0, 0, 0.2, 0.7, 0.1), [3, 3]]],
  ])('%s', async ([, array], { folder }) => {
    expect((await npy(folder, three, array)).evaluation.labels).toEqual(Uint16Array.of(2, 0, 1));
  });

  folderTest.for<[string, string, Arrays[string], RegExp]>([
    ['real numbers', 'data-type', [Float32Array.of(2, 0, 1), [3]], /save labels.astype/],
    ['a negative one', 'data-label', labels(0, -1, 0), /labels.npy, record 1: has the label -1/],
    ['a large one', 'data-label', labels(0, 1, 65_536), /record 2: has the label 65536/],
    ['no numbers', 'data-label', [Float32Array.of(1, 0, Number.NaN, 0, 1, 0), [3, 2]], /record 1: has values that are no numbers/],
    ['three sizes', 'data-shape', [Uint8Array.of(2, 0, 1), [3, 1, 1]], /which labels do not have/],
    ['no columns', 'data-shape', [new Uint8Array(0), [3, 0]], /which labels do not have/],
    ['too few', 'data-count', labels(0, 1), /has 2 labels for the 3 images of .*images.npy/],
  ])('refuses %s', async ([, code, array, message], { folder }) => {
    const opened = npy(folder, three, array);
    await expect(opened).rejects.toMatchObject({ name: 'DataSetError', code, message: expect.stringMatching(message) });
  });

  folderTest('refuses images of integers that are no bytes', async ({ folder }) => {
    await expect(npy(folder, [Int32Array.from(bytes(12)), [3, 2, 2]], labels(1, 2, 3))).rejects.toMatchObject({
      code: 'data-type',
    });
  });
});

describe('npz', () => {
  const x = [bytes(12), [3, 2, 2]] as const;
  const other = [bytes(24, 5), [6, 2, 2]] as const;
  const y = labels(0, 1, 2);
  folderTest.for<[string, Arrays]>([
    ['x and y', { x, y }],
    ['y before x', { y, x }],
    ['x_test and y_test beside training', { x_train: other, y_train: labels(0, 0, 0, 0, 0, 0), x_test: x, y_test: y }],
    ['X and y', { X: x, y }],
    ['images and labels', { images: x, labels: y, weights: other }],
    ['test_images and test_labels, beside others', { train_labels: y, test_images: x, test_labels: y, val_images: other }],
    ['the only array that may be images', { weights: [bytes(3), [3]], pictures: x, labels: y }],
    ['each with its own labels', { y: labels(4, 4, 4), x_test: x, y_test: y }],
  ])('%s', async ([, arrays], { folder }) => {
    const { evaluation, name } = await npz(folder, arrays);
    expect(name).toBe('npz');
    expect(evaluation.labels).toEqual(Uint16Array.of(0, 1, 2));
    expect(Buffer.compare(await pixelsOf(evaluation), x[0])).toBe(0);
  });

  folderTest('training images, with labels and without', async ({ folder }) => {
    const set = await npz(folder, { x, y, x_train: other, y_train: labels(0, 1, 2, 3, 4, 15) });
    expect(set.training).toMatchObject({ count: 6, labels: Uint16Array.of(0, 1, 2, 3, 4, 15) });
    expect(set.classes).toHaveLength(16);
    expect(Buffer.compare(await pixelsOf(set.training!), other[0])).toBe(0);
    expect((await npz(folder, { x, y, train_images: other })).training).toMatchObject({ count: 6, labels: null });
    expect((await npz(folder, { x, y })).training).toBeNull();
  });

  folderTest('real numbers of both are on one grid', async ({ folder }) => {
    const real = (values: number[], count: number): Arrays[string] => [Float32Array.from(values), [count, 1, 2]];
    const set = await npz(folder, { x: real([-1, 0], 1), y: labels(1), x_train: real([0, 0, 3, -0.5], 2) });
    expect(set).toMatchObject({ normalization: 'applied', mean: [0.25], std: [0.25] });
    expect([...(await pixelsOf(set.training!))]).toEqual([64, 64, 255, 32]);
  });

  folderTest.for<[string, string, Arrays, RegExp]>([
    ['nothing', 'data-arrays', {}, /for the images \(it has none\)/],
    [
      'other names',
      'data-arrays',
      { a: x, 'b\x07': y },
      /for the images \(it has "a", "b\?"\); name the images x and the labels y/,
    ],
    ['images alone', 'data-arrays', { x }, /for the labels \(it has "x"\)/],
    ['two arrays that may be images', 'data-arrays', { a: x, b: x, y }, /for the images \(it has "a", "b", "y"\)/],
    ['training alone', 'data-arrays', { x_train: x, y_train: y }, /for the images/],
    ['many names', 'data-arrays', Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`a${i}`, y])), /"a19" and 10 more/],
    [
      'training images of another size',
      'data-shape',
      { x, y, x_train: [bytes(6), [1, 2, 3]] },
      /array "x_train": .*takes 1 × 2 × 2/,
    ],
    [
      'training images of another type',
      'data-type',
      { x, y, x_train: [Float32Array.of(1, 1, 1, 1), [1, 2, 2]] },
      /is of real numbers/,
    ],
    ['training labels too few', 'data-count', { x, y, x_train: other, y_train: y }, /has 3 labels for the 6 images/],
  ])('refuses %s', async ([, code, arrays, message], { folder }) => {
    const opened = npz(folder, arrays);
    await expect(opened).rejects.toMatchObject({ name: 'DataSetError', code, message: expect.stringMatching(message) });
  });

  folderTest('holds no file open', async ({ folder }) => {
    const set = await npz(folder, { x, y });
    await set.evaluation.read(0, 2);
    const handles = await readdir('/proc/self/fd').catch(() => []);
    const names = await Promise.all(handles.map((fd) => readlink(join('/proc/self/fd', fd)).catch(() => '')));
    expect(names.filter((name) => name.startsWith(folder))).toEqual([]);
  });
});

describeWithNumpy('NumPy', () => {
  folderTest.for(['savez', 'savez_compressed'])('Keras’ mnist.npz, by %s', async (save, { folder }) => {
    numpy(
      folder,
      'i = np.arange(700 * 28 * 28, dtype=np.uint32)',
      "x = (i * i // 97 % 256).astype('u1').reshape(700, 28, 28)",
      `np.${save}('x.npz', x_train=x[:600], y_train=np.arange(600, dtype='u1') % 10, x_test=x[600:], y_test=np.arange(100) % 10)`,
      "x.tofile('x.bin')",
    );
    const set = await openNpz(join(folder, 'x.npz'), { input: shape(1, 28, 28) });
    const wanted = await readFile(join(folder, 'x.bin'));
    expect(Buffer.compare(await pixelsOf(set.training!), wanted.subarray(0, 600 * 784))).toBe(0);
    expect(Buffer.compare(await pixelsOf(set.evaluation), wanted.subarray(600 * 784))).toBe(0);
    expect(Array.from(set.evaluation.labels)).toEqual(Array.from({ length: 100 }, (_, i) => i % 10));
  });
});
