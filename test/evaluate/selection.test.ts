import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { calibrationImages, evaluationImages } from '../../src/evaluate/selection.ts';
import { pixelsOf } from '../helpers/images.ts';
import { dataSet, numbered, shape } from './data-sets.ts';

const pixel = shape(1, 1, 1);
const alone = dataSet(numbered(10, pixel));
const withTraining = dataSet(numbered(10, pixel), numbered(4, pixel, 100));

describe('evaluationImages', () => {
  it.each([
    ['all', 0, Number.MAX_SAFE_INTEGER, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['a part', 3, 2, [3, 4]],
    ['what is there', 8, 1e9, [8, 9]],
  ])('%s', async (_, offset, limit, expected) => {
    expect([...(await pixelsOf(evaluationImages(alone, offset, limit)))]).toEqual(expected);
  });

  it('refuses an offset beyond the end', () => {
    expect(() => evaluationImages(alone, 10, 1)).toThrow(OptionError);
    expect(() => evaluationImages(alone, 10, 1)).toThrow(/offset: 10 leaves none of the 10 images of data set "numbered"/);
  });
});

describe('calibrationImages', () => {
  it.each([
    ['the first training images', withTraining, 0, 10, 3, [100, 101, 102]],
    ['all training images where there are fewer', withTraining, 0, 10, 500, [100, 101, 102, 103]],
    ['images after those evaluated', alone, 0, 4, 3, [4, 5, 6]],
    ['then images before them', alone, 4, 4, 4, [8, 9, 0, 1]],
    ['fewer than asked for where there are no more', alone, 2, 6, 500, [8, 9, 0, 1]],
    ['images before, where none come after', alone, 8, 2, 2, [0, 1]],
  ])('%s', async (_, set, offset, evaluated, wanted, expected) => {
    const { source } = calibrationImages(set, { offset, calibration: wanted }, evaluated);
    expect([...(await pixelsOf(source))]).toEqual(expected);
  });

  it.each([
    ['own', withTraining, numbered(3, pixel, 200), [200, 201]],
    ['training', withTraining, null, [100, 101]],
    ['others', alone, null, [8, 9]],
  ])('says whose they are: %s', async (origin, set, own, expected) => {
    const found = calibrationImages(set, { offset: 0, calibration: 2 }, 8, own);
    expect(found.origin).toBe(origin);
    expect([...(await pixelsOf(found.source))]).toEqual(expected);
  });

  it('takes some that are evaluated where all are, and says so', async () => {
    const { origin, source } = calibrationImages(alone, { offset: 0, calibration: 3 }, 10);
    expect(origin).toBe('evaluated');
    expect([...(await pixelsOf(source))]).toEqual([0, 1, 2]);
  });
});
