import { describe, expect, it } from 'vitest';
import { paint } from '../../src/cli/print.ts';
import { normalizationText, noteLines, scalesText } from '../../src/cli/print-inputs.ts';
import type { InputFigures } from '../../src/evaluate/result.ts';
import { inputFigures } from '../helpers/input-figures.ts';

it.each([
  [{ mean: [0.5], std: [0.25], meanFrom: 'options', stdFrom: 'options' }, 'mean 0.5, std 0.25 (as given)'],
  [
    { mean: [0.485, 0.456], std: [1 / 3], meanFrom: 'sidecar', stdFrom: 'data set' },
    'mean 0.485, 0.456 (the model’s sidecar), std 0.3333 (the data set’s)',
  ],
  [{ mean: [0.4], std: [0.2], meanFrom: 'images', stdFrom: 'images' }, 'mean 0.4, std 0.2 (normalised already)'],
  [{ mean: [0], std: [1], meanFrom: 'nobody', stdFrom: 'nobody' }, 'mean 0, std 1 (assumed)'],
] as const)('mean and std with who says so', (normalization, text) => {
  expect(normalizationText(normalization)).toBe(text);
});

it.each([
  [99.9, 'training', '99.9th percentile of 500 training images'],
  [100, 'own', '100th percentile of 500 images given for calibration'],
  [1, 'others', '1st percentile of 500 images that are not evaluated'],
  [92, 'evaluated', '92nd percentile of 500 images that are evaluated too'],
  [13, 'training', '13th percentile of 500 training images'],
] as const)('where scales come from', (percentile, calibratedOn, text) => {
  expect(scalesText(inputFigures({ percentile, calibratedOn }))).toBe(text);
});

it.each([
  ['max', 'maximum of 500 training images'],
  ['mse', 'mse over 500 training images'],
  ['bound', 'bounds in the graph'],
] as const)('scale %s', (scale, text) => {
  expect(scalesText(inputFigures({ scale }))).toBe(text);
});

it('says that biases were corrected', () => {
  expect(scalesText(inputFigures({ scale: 'max', perChannel: true }))).toBe('maximum of 500 training images, by channel');
  expect(scalesText(inputFigures({ scale: 'mse', correctBias: true }))).toBe('mse over 500 training images, biases corrected');
});

it('one image is one', () => {
  expect(scalesText(inputFigures({ calibrationImages: 1, calibratedOn: 'evaluated' }))).toBe(
    '99.9th percentile of 1 image that is evaluated too',
  );
});

describe('what no figure says', () => {
  const lines = (over: Partial<InputFigures>) => noteLines(inputFigures(over), paint(false)).join('\n');

  it('is nothing where there is nothing', () => {
    expect(lines({})).toBe('');
  });

  it('is broken at 80 columns, and what a terminal would act on is shown', () => {
    const text = lines({
      notes: [{ code: 'bgr', text: 'red and blue '.repeat(9) }],
      skipped: [{ path: 'a/\x1b[31m\n.png', reason: 'cannot be decoded (bad\x07)' }],
    });
    expect(text).toContain('left out    a/\\x1b[31m\\x0a.png: cannot be decoded (bad\\x07)');
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  it('names ten of many', () => {
    const skipped = Array.from({ length: 12 }, (_, i) => ({ path: `${i}.png`, reason: 'is empty' }));
    const text = lines({ skipped });
    expect(text).toContain('9.png: is empty\n');
    expect(text).not.toContain('10.png');
    expect(text).toContain('2 more (all are in the JSON)');
  });
});
