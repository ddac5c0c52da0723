import { expect, it } from 'vitest';
import { formatSweep } from '../../src/cli/print-sweep.ts';
import { recommended, type Sweep, type SweepRow, sweptFigures } from '../../src/evaluate/swept.ts';
import { inputFigures } from '../helpers/input-figures.ts';

const row = (over: Partial<SweepRow>, loss: number): SweepRow => ({
  ...{ scale: 'mse', percentile: 99.9, perChannel: false, correctBias: false, phaseBits: 4, word: 1, t: 80, top1: 0.88 - loss },
  loss: { value: loss, standardError: 0.0041 },
  ...over,
});

const ROWS = [
  row({ phaseBits: 3, t: 60 }, 0.021),
  row({ phaseBits: 3, t: 66, word: 2 }, 0.008),
  row({}, 0.004),
  row({ scale: 'percentile', correctBias: true }, -0.002),
];

function example(rows: readonly SweepRow[], allowed: number): Sweep {
  const figures = sweptFigures(inputFigures());
  return {
    ...{ model: 'resnet', dataset: 'cifar10', images: 1000, classes: 10, waves: 2, initial: 'half', ...figures },
    ...{ ann: { top1: 0.88, top5: 0.99 }, rows, allowed, ...recommended(rows, allowed) },
    device: { adapter: 'llvmpipe', driver: 'Mesa', software: true },
    seconds: 100,
  };
}

it('prints a line for each way and word, and which to take', () => {
  expect(formatSweep(example(ROWS, 0.005), false)).toMatchInlineSnapshot(`
    "resnet on cifar10: 1,000 images

      device      llvmpipe (software)
      ANN         88.00 %
      pixels      mean 0.5 (as given), std 0.25 (the model’s sidecar)
      scales      of 500 training images

      scale                             K  words  step T     top-1   to ANN      ±
      mse                               3      1      60   85.90 %    -2.10   0.41
                                               2      66   87.20 %    -0.80   0.41
                                        4      1      80   87.60 %    -0.40   0.41

      percentile:99.9, corrected        4      1      80   88.20 %    +0.20   0.41

      recommended K = 4, 1 word (T = 80), percentile:99.9, corrected: loses -0.20 ±
                  0.41 points, the least T with at most 0.5 points
      columns     ±: standard error of the difference to the ANN, on the same images
      time        100.0 s
    "
  `);
});

it('says where no way is near enough', () => {
  expect(formatSweep(example(ROWS.slice(0, 2), 0.005), false).replace(/\s+/g, ' ')).toContain(
    'recommended none loses at most 0.5 points; nearest is K = 3, 2 words (T = 66), mse: loses 0.80 ± 0.41 points',
  );
});

it('fits 80 columns at its largest', () => {
  const largest = row({ scale: 'percentile', percentile: 99.999_999_9, correctBias: true, t: 65_535, word: 128, top1: 1 }, -1);
  const lines = formatSweep({ ...example([largest], 1), model: 'm'.repeat(90), seconds: 1e6 }, false).split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
