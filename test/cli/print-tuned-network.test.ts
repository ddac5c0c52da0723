import { expect, it } from 'vitest';
import { formatTunedNetwork } from '../../src/cli/print-tuned-network.ts';
import type { Found } from '../../src/convert/search.ts';
import { sweptFigures } from '../../src/evaluate/swept.ts';
import type { TunedNetwork } from '../../src/evaluate/tuned-network.ts';
import { inputFigures } from '../helpers/input-figures.ts';

type Tried = Found['tried'][number];

const trial = (over: Partial<Tried>): Tried => ({
  ...{
    scale: 'mse',
    percentile: 99.9,
    perChannel: false,
    correctBias: true,
    phaseBits: [4, 4, 4],
    word: 1,
    t: 12,
    met: true,
    taken: true,
  },
  loss: { value: 0.0021, standardError: 0.0011 },
  ...over,
});

function example(tried: readonly Tried[]): TunedNetwork {
  const figures = sweptFigures(inputFigures());
  const { taken: ____, ...best } = tried.findLast(({ taken }) => taken) as Tried;
  return {
    ...{ model: 'resnet', dataset: 'cifar10', initial: 'half', ...figures, triedImages: 500, allowed: 0.005, best, tried },
    check: { images: 1000, annTop1: 0.88, top1: 0.876, loss: { value: 0.004, standardError: 0.0031 } },
    device: { adapter: 'llvmpipe', driver: 'Mesa', software: true },
    seconds: 100,
  };
}

const GIVEN = { model: 'net.onnx', dataset: 'cifar10:DIR' };
const TRIED = [trial({}), trial({ phaseBits: [3, 4, 4], taken: false, met: false }), trial({ phaseBits: [4, 4, 3], t: 11 })];

it('prints what it took, the check, and the command that runs it', () => {
  expect(formatTunedNetwork(example(TRIED), GIVEN, false)).toMatchInlineSnapshot(`
    "resnet: fewest steps on cifar10

      device      llvmpipe (software)
      pixels      mean 0.5 (as given), std 0.25 (the model’s sidecar)
      scales      of 500 training images
      estimates   on 500 of these images, no labels; 0.5 points may be lost

      K                             words  step T          loss  scale
      4                                 1      12   0.21 ± 0.11  mse, corrected
      443                               1      11   0.21 ± 0.11  mse, corrected

      tried       3 conversions, of which these were the best so far
      checked     87.60 % at T = 11 on 1,000 images (ANN 88.00 %): loses 0.40 ± 0.31
                  points
      time        100.0 s
      to run it   with other options as they were here:

      bsnn eval net.onnx --dataset cifar10:DIR --phase-bits 4,4,3 --waves 1 --scale mse --no-per-channel
    "
  `);
});

it('gives one K and a percentile as the command takes them', () => {
  const tried = [trial({ scale: 'percentile', percentile: 99, correctBias: false, word: 2 })];
  expect(formatTunedNetwork({ ...example(tried), check: null }, GIVEN, false)).toMatch(
    /\n {2}bsnn eval net\.onnx --dataset cifar10:DIR --phase-bits 4 --waves 2 --scale percentile:99 --no-per-channel --no-correct-bias\n$/,
  );
});

it('says where nothing loses as little, and fits 80 columns but for the command', () => {
  const K = Array.from({ length: 120 }, (_, i) => (i % 8) + 1);
  const found = example([trial({ phaseBits: K, met: false, t: 65_535, word: 128, scale: 'percentile', percentile: 99.999_9 })]);
  const text = formatTunedNetwork({ ...found, model: 'm'.repeat(99), check: null }, GIVEN, false);
  expect(text).toMatch(/none is estimated to lose as little/);
  expect(text).toMatch(/checked +not: the images have no labels/);
  const lines = text.split('\n').filter((line) => !line.startsWith('  bsnn eval'));
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
