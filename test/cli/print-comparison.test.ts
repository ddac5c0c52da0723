import { expect, it } from 'vitest';
import { formatComparison } from '../../src/cli/print-comparison.ts';
import type { Comparison, ComparisonRow } from '../../src/evaluate/comparison.ts';
import { inputFigures } from '../helpers/input-figures.ts';

const row = (over: Partial<ComparisonRow>): ComparisonRow => ({
  neuron: 'if',
  t: 8,
  top1: 0.81,
  sin: 0.0971,
  meanLayerSin: 0.1,
  spikesPerImage: 123_456,
  synapticOperations: 12_345_678,
  convolutions: 1153,
  seconds: 12.34,
  layers: [],
  ...over,
});

const example: Comparison = {
  model: 'resnet',
  dataset: 'cifar10',
  images: 200,
  classes: 10,
  phaseBits: 4,
  initial: 'half',
  ...inputFigures(),
  ann: { top1: 0.88, macs: 40_800_000 },
  rows: [row({}), row({ t: 80, top1: 0.88 }), row({ neuron: 'bistable', top1: null, sin: 0, seconds: null })],
  device: { adapter: 'llvmpipe', driver: 'Mesa', software: true },
  seconds: 100,
};

it('prints a line for each neuron and time', () => {
  expect(formatComparison(example, false)).toMatchInlineSnapshot(`
    "resnet on cifar10: 200 images

      device      llvmpipe (software)
      ANN         88.00 %, 40.8 M multiply-adds an image
      K           4 steps a window
      pixels      mean 0.5 (as given), std 0.25 (the model’s sidecar)
      scales      99.9th percentile of 500 training images

      neuron              T    top-1  to ANN      SIN   spikes  operat.  conv.     s
      if                  8  81.00 %   -7.00   9.71 %    123 k   12.3 M  1,153  12.3
                         80  88.00 %    0.00   9.71 %    123 k   12.3 M  1,153  12.3

      bistable            8        –           0.00 %    123 k   12.3 M  1,153

      columns     SIN: neurons that spike without activation, of all; spikes,
                  operations (synaptic), convolutions: an image
      time        100.0 s in all; s: on the GPU up to T, all images
    "
  `);
});

it('fits 80 columns at its largest', () => {
  const largest = row({
    neuron: 'bistable-no-sn-and-more',
    t: 65535,
    top1: 1,
    sin: 1,
    spikesPerImage: 9.99e11,
    synapticOperations: 9.99e14,
    convolutions: 999_999,
    seconds: 9999,
  });
  const text = formatComparison({ ...example, model: 'm'.repeat(99), ann: { top1: 1, macs: 9.99e14 }, rows: [largest] }, false);
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
