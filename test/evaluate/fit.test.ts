import { describe, expect, it } from 'vitest';
import { ModelFormatError, OptionError } from '../../src/errors.ts';
import { checkClasses, checkLabels, checkShapes, chooseNormalization } from '../../src/evaluate/fit.ts';
import { dataSet, linear, numbered, shape } from './data-sets.ts';

const colour = dataSet(numbered(4, shape(3, 2, 2)));

describe('checkShapes', () => {
  it('takes images of the model’s shape, or of its size where it takes a vector', () => {
    checkShapes(linear(shape(3, 2, 2), 3), colour);
    checkShapes(linear(shape(12, 1, 1), 3), colour);
  });

  it.each([shape(1, 2, 2), shape(3, 2, 4), shape(3, 4, 1), shape(13, 1, 1)])('refuses %o, naming both', (input) => {
    expect(() => checkShapes(linear(input, 3), colour)).toThrow(OptionError);
    expect(() => checkShapes(linear(input, 3), colour)).toThrow(
      `takes images of ${input.channels} × ${input.height} × ${input.width}, data set "numbered" has 3 × 2 × 2`,
    );
  });

  it('refuses training images of another shape', () => {
    const mixed = dataSet(numbered(4, shape(3, 2, 2)), numbered(4, shape(1, 2, 2)));
    expect(() => checkShapes(linear(shape(3, 2, 2), 3), mixed)).toThrow(/has 1 × 2 × 2/);
  });
});

it('checkLabels names the image, counted from the data set’s first', () => {
  checkLabels(linear(shape(3, 2, 2), 3), colour.evaluation, 'numbered', 0);
  expect(() => checkLabels(linear(shape(3, 2, 2), 2), colour.evaluation, 'numbered', 5)).toThrow(
    'data set "numbered", image 7: has class 2, and model "linear" has 2 classes',
  );
});

it('checkClasses refuses a sidecar of another model', () => {
  const ann = linear(shape(3, 2, 2), 3);
  checkClasses(ann, null);
  checkClasses(ann, {});
  checkClasses(ann, { classes: ['a', 'b', 'c'] });
  expect(() => checkClasses(ann, { classes: ['a'] })).toThrow(ModelFormatError);
});

describe('a source of one’s own', () => {
  const read = () => new Uint8Array(12);

  it.each([
    ['without labels', undefined, /data set "mine": has no labels; give the class of each image/],
    ['whose labels are null', null, /has no labels/],
    ['with too few', [0], /has 1 labels for 2 images/],
  ])('%s', (_, labels, message) => {
    const source = { count: 2, shape: shape(3, 2, 2), labels, read };
    expect(() => checkLabels(linear(shape(3, 2, 2), 3), source, 'mine', 0)).toThrow(OptionError);
    expect(() => checkLabels(linear(shape(3, 2, 2), 3), source, 'mine', 0)).toThrow(message);
  });
});

describe('chooseNormalization', () => {
  const ann = linear(shape(3, 2, 2), 3);

  it('takes option, else sidecar, else data set, for mean and std apart', () => {
    const sidecar = { mean: [0.1, 0.2, 0.3], std: [1, 2, 3] };
    expect(chooseNormalization(ann, colour, null, {})).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
    expect(chooseNormalization(ann, colour, sidecar, {})).toMatchObject(sidecar);
    expect(chooseNormalization(ann, colour, sidecar, { mean: [0] })).toMatchObject({
      mean: [0],
      std: [1, 2, 3],
      normalization: { mean: [0], std: [1, 2, 3], meanFrom: 'options', stdFrom: 'sidecar' },
    });
  });

  it('takes pixels as they are where the model normalises them itself, and shows what it does', () => {
    const preprocessing = { scale: [1 / 50, 1 / 100, 1 / 200], shift: [-2, -1, -0.5], white: 255 } as const;
    const itself = { ...ann, preprocessing };
    const { mean, std, normalization } = chooseNormalization(itself, colour, null, {});
    expect({ mean, std }).toEqual({ mean: [0], std: [1 / 255] });
    expect(normalization).toMatchObject({ meanFrom: 'model', stdFrom: 'model' });
    for (const m of normalization.mean) expect(m).toBeCloseTo(100 / 255, 12);
    for (const [c, s] of normalization.std.entries()) expect(s).toBeCloseTo([50, 100, 200][c] / 255, 12);
    const unit = { ...ann, preprocessing: { ...preprocessing, white: 1 } } as const;
    expect(chooseNormalization(unit, colour, null, {})).toMatchObject({ mean: [0], std: [1] });
    const sidecar = { mean: [0.1, 0.2, 0.3], std: [1, 2, 3] };
    expect(chooseNormalization(itself, colour, sidecar, {}).normalization).toMatchObject({ ...sidecar, meanFrom: 'sidecar' });
  });

  it('gives every entry of a vector the value of its channel', () => {
    const { mean, std } = chooseNormalization(linear(shape(12, 1, 1), 3), colour, null, { mean: [0.1, 0.2, 0.3], std: [1] });
    expect(mean).toEqual([0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3]);
    expect(std).toEqual([1]);
  });

  it.each([
    ['two values for three channels', { mean: [0, 0] }, /mean: 2 values, and the images have 3 channels/],
    ['a mean beyond 1', { mean: [128] }, /mean: \[128\] is not all from 0 to 1/],
    ['a std of 0', { std: [1, 0, 1] }, /std: \[1, 0, 1\] is not all above 0/],
    ['NaN', { mean: [Number.NaN] }, /mean/],
  ])('refuses %s', (_, options, message) => {
    expect(() => chooseNormalization(ann, colour, null, options)).toThrow(OptionError);
    expect(() => chooseNormalization(ann, colour, null, options)).toThrow(message);
  });
});
