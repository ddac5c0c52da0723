import { describe, expect, it } from 'vitest';
import { checkPixels } from '../../src/evaluate/pixel-check.ts';
import { prepare } from '../../src/evaluate/prepare.ts';
import { settle } from '../../src/evaluate/settle.ts';
import { dataSet, linear, numbered, shape } from './data-sets.ts';

const IMAGES = 90;

/** 90 images of three classes, by which so many are put in the right one: as they are run, and with any other normalisation. */
async function check(right: number, rightOtherwise: number) {
  const images = numbered(IMAGES, shape(1, 2, 2));
  const evaluation = await prepare(linear(images.shape, 3), dataSet(images), settle({ mean: [0.2], std: [0.1] }));
  const logits = (hits: number) =>
    Float32Array.from({ length: IMAGES * 3 }, (_, i) => {
      const [image, c] = [Math.floor(i / 3), i % 3];
      return c === (image < hits ? image % 3 : (image + 1) % 3) ? 1 : 0;
    });
  const pixels = await images.read(0, IMAGES);
  return checkPixels(evaluation, pixels, logits(right), async () => logits(rightOtherwise));
}

describe('the check of mean and std', () => {
  it('says what the network sees', async () => {
    const { figures } = await check(80, 80);
    expect(figures.mean[0]).toBeCloseTo(44.5 / 255, 12);
    expect(figures.seenMean[0]).toBeCloseTo((44.5 / 255 - 0.2) / 0.1, 12);
    expect(figures.seenStd[0]).toBeCloseTo(figures.std[0] / 0.1, 12);
    expect(figures.accuracy).toBe(80 / 90);
    expect(figures.others.map(({ whose }) => whose)).toEqual([
      'the images’ own',
      'the data set’s',
      'pixels / 255 as they are',
      'pixels from −1 to 1',
    ]);
  });

  it.each([
    ['nothing where the network is right and others are not better', 80, 82, []],
    ['nothing of chance', 60, 66, []],
    ['others that are better', 60, 80, ['mean-std-wrong']],
    ['a network that fails whatever it is shown', 30, 31, ['ann-accuracy']],
    ['others that are better, though not good', 10, 40, ['mean-std-wrong']],
  ])('notes %s', async (_, right, otherwise, codes) => {
    const { notes } = await check(right, otherwise);
    expect(notes.map(({ code }) => code)).toEqual(codes);
  });

  it('gives a model that takes a vector one value for each of its entries', async () => {
    const images = numbered(6, shape(3, 2, 2));
    const evaluation = await prepare(linear(shape(12, 1, 1), 3), dataSet(images), settle({ mean: [0.1, 0.2, 0.3], std: [1] }));
    const entries: number[] = [];
    await checkPixels(evaluation, await images.read(0, 6), new Float32Array(18), async ({ mean }) => {
      entries.push(mean.length);
      return new Float32Array(18);
    });
    expect(entries).toEqual([12, 12, 1, 1]);
  });

  it('tries nothing where all images are right', async () => {
    expect((await check(90, 90)).figures.others).toEqual([]);
  });
});
