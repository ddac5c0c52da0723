import { expect, it } from 'vitest';
import { formatPredictions, type NamedPredictions } from '../../src/cli/print-predictions.ts';

const score = (index: number, name: string | null, shares: number[]) => ({
  class: index,
  name,
  logits: shares.map(Math.log),
  shares,
  annLogit: 1,
  annShare: 0.9,
});

const found: NamedPredictions = {
  model: 'squeezenet',
  phaseBits: 4,
  waves: 5,
  scale: 'percentile',
  percentile: 99.9,
  perChannel: false,
  correctBias: false,
  calibrationImages: 20,
  calibratedOn: 'own',
  normalization: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], meanFrom: 'sidecar', stdFrom: 'sidecar' },
  skipped: [],
  notes: [{ code: 'calibrated-on-evaluated', text: 'a note' }],
  wordSteps: [76, 84, 92, 100, 108],
  images: [
    {
      file: 'photos/tench.jpg',
      class: 0,
      name: 'tench, Tinca tinca',
      finalAt: 84,
      annClass: 0,
      top: [
        score(0, 'tench, Tinca tinca', [0.441, 0.972, 0.9, 0.9, 0.982]),
        score(389, 'barracouta, snoek, and a very long name of a fish', [0.5, 0, 0, 0, 0.01]),
      ],
    },
    { file: 'x\x1b.png', class: 7, name: null, finalAt: 108, annClass: 8, top: [score(7, null, [0.1, 0.2, 0.3, 0.4, 0.5])] },
  ],
};

it('prints a table for each picture within 80 columns', () => {
  const text = formatPredictions(found, false);
  expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
  expect(text).toMatchInlineSnapshot(`
    "squeezenet: 2 pictures

      words       K = 4 spikes each, 5 of them
      pixels      mean 0.485, 0.456, 0.406, std 0.229, 0.224, 0.225 (the model’s
                  sidecar)
      scales      99.9th percentile of 20 images given for calibration

      photos/tench.jpg
      final from step T = 84 on, as the ANN’s
      class                                     word 1    word 2    word 5       ANN
      0 tench, Tinca tinca                     44.10 %   97.20 %   98.20 %   90.00 %
      389 barracouta, snoek, and a very lon…   50.00 %    0.00 %    1.00 %   90.00 %

      x\\x1b.png
      final from step T = 108 on, the ANN’s is 8
      class                                     word 1    word 2    word 5       ANN
      class 7                                  10.00 %   20.00 %   50.00 %   90.00 %

      note        a note
    "
  `);
});
