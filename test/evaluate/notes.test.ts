import { describe, expect, it } from 'vitest';
import {
  bgrNote,
  calibrationNotes,
  classNotes,
  memoryNotes,
  normalizationNotes,
  silentNotes,
  skippedNotes,
  stepNotes,
} from '../../src/evaluate/notes.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { residualAnn } from '../network/hand-made.ts';
import { dataSet, numbered, shape } from './data-sets.ts';

const set = dataSet(numbered(3, shape(3, 2, 2))); // classes a, b, c
const figures = (meanFrom: string, stdFrom = meanFrom) =>
  ({ mean: [0.5], std: [0.5], meanFrom, stdFrom }) as Parameters<typeof normalizationNotes>[0];
const codes = (notes: readonly { readonly code: string }[]) => notes.map(({ code }) => code);

it('a device without memory for a batch is said once', () => {
  expect(memoryNotes([null, undefined, null])).toEqual([]);
  expect(memoryNotes([64, null, 128])).toEqual([
    { code: 'memory', text: 'the device has no memory for 128 images at once: fewer are run, half as often as it takes' },
  ]);
});

it('images left out are counted', () => {
  expect(skippedNotes([])).toEqual([]);
  const skipped = [{ path: 'a', reason: 'is empty' }];
  expect(skippedNotes(skipped)[0].text).toBe('1 image could not be read and is left out');
  expect(skippedNotes([...skipped, ...skipped])[0].text).toBe('2 images could not be read and are left out');
});

it('layers that nothing made fire are named', () => {
  expect(silentNotes([])).toEqual([]);
  expect(silentNotes(['a'])[0].text).toBe(
    'no image for calibration made layer "a" fire: its scale comes from the bound on its sum',
  );
  expect(silentNotes(['a', 'b'])[0].text).toContain('layers "a", "b" fire: their scales');
});

it('quantised layers are counted by whether their words are their steps', () => {
  const plain = residualAnn(1);
  const ann = {
    ...plain,
    layers: plain.layers.map((layer, l) => (l === 0 && layer.kind === 'neurons' ? { ...layer, ceiling: 7, bits: 3 } : layer)),
  };
  const of = (phaseBits: number) =>
    quantize(ann, { phaseBits, initial: 'half', scales: ann.layers.map(() => 8), mean: [0], std: [1] });
  expect(stepNotes(plain, of(4))).toEqual([]);
  expect(stepNotes(ann, of(3)).map(({ text }) => text)).toEqual([expect.stringMatching(/^1 of 1 quantised layers take λ/)]);
  expect(stepNotes(ann, of(4)).map(({ text }) => text)).toEqual([expect.stringMatching(/^1 of 1 quantised layers have words/)]);
});

describe('mean and std', () => {
  it.each([
    ['given', 'options', 'options', []],
    ['the sidecar’s', 'sidecar', 'sidecar', []],
    ['the data set’s', 'data set', 'data set', ['mean-std-assumed']],
    ['one of them the data set’s', 'options', 'data set', ['mean-std-assumed']],
    ['nobody’s', 'nobody', 'nobody', ['mean-std-assumed']],
    ['applied already', 'images', 'images', ['normalized']],
  ])('%s', (_, mean, std, expected) => {
    expect(codes(normalizationNotes(figures(mean, std), null))).toEqual(expected);
  });

  it('a sidecar that is left alone is named', () => {
    const [{ text }] = normalizationNotes(figures('images'), { mean: [0.1], std: [0.2] });
    expect(text).toContain('sidecar are left alone');
  });
});

it('scales that come from images that are evaluated', () => {
  expect(codes(calibrationNotes('evaluated', 5))).toEqual(['calibrated-on-evaluated']);
  for (const origin of ['own', 'training', 'others'] as const) expect(calibrationNotes(origin, 5)).toEqual([]);
});

describe('classes', () => {
  it.each([
    ['as many, no names on the model’s side', undefined, 3, []],
    ['more on the model’s side', undefined, 4, ['class-count']],
    ['the same names', ['A', 'b ', 'c'], 3, []],
    ['other names', ['x', 'y', 'z'], 3, []],
    ['the same names in another order', ['a', 'c', 'b'], 3, ['class-names']],
  ])('%s', (_, classes, count, expected) => {
    expect(codes(classNotes(set, classes ? { classes } : null, count))).toEqual(expected);
  });

  it('that are numbers say nothing', () => {
    expect(classNotes({ ...set, classes: ['0', '1', '2'] }, { classes: ['b', 'a', 'c'] }, 3)).toEqual([]);
    expect(classNotes({ ...set, classes: [] }, null, 3)).toEqual([]);
  });
});

it('swapped channels, with figures', () => {
  expect(bgrNote(0.4, 0.55, 1234).text).toBe(
    'red and blue seem to be swapped: on 1,234 images for calibration the ANN has 40.0 %, and 55.0 % where they change places',
  );
});
