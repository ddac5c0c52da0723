/** Quantised networks as spiking ones: their words are the integers of the file. On the CPU reference. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ann, type AnnNeurons, shapeSize, stepOf } from '../../src/ann/ann.ts';
import { convertCalibrated } from '../../src/convert/convert.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { phasesOfSteps } from '../../src/quantize/phases.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { evaluateImage } from '../helpers/ann-evaluate.ts';
import { firstDifference } from '../helpers/compare.ts';
import { randomNumbers } from '../helpers/onnx-compare.ts';
import { grow, STEP } from '../helpers/onnx-quantized.ts';

/** Pixels stand for (p − 128) / 64: multiples of 2^-6. */
const [mean, std] = [[128 / 255], [64 / 255]];
const images = (ann: Ann, seed: number) => {
  const pixels = Uint8Array.from(randomNumbers(shapeSize(ann.input), seed), (v) => Math.round((v + 1) * 127.5));
  return { pixels, values: Float64Array.from(pixels, (p) => (p - 128) / 64) };
};

/** Without calibration images: only the readout's λ comes from them. */
const toSpiking = (ann: Ann): SpikingNetwork =>
  convertCalibrated(
    ann,
    { statistics: ann.layers.map(() => null), largestLogit: 1 },
    { phaseBits: phasesOfSteps(ann).map((K) => K ?? 8), mean, std },
  );

/** Words of one wave, and what they are in the trained network, of each layer that rounds. */
function wordsAndSteps(ann: Ann, network: SpikingNetwork, seed: number) {
  const { pixels, values } = images(ann, seed);
  const { words } = windowed(network, pixels, 1);
  const trained = evaluateImage(ann, values, 'up');
  return ann.layers.flatMap((layer, l) =>
    layer.kind === 'neurons' && layer.bits ? [{ layer, words: words[l][0], steps: stepsOf(layer, trained[l]) }] : [],
  );
}

const stepsOf = (layer: AnnNeurons, values: Float64Array): Int32Array =>
  Int32Array.from(values, (v) => Math.round(v / stepOf(layer)));

describe('a quantised network needs no calibration', () => {
  it('every word is the integer of the file, === (scales that are powers of two)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 4 }), fc.nat(1000), async (steps, seed) => {
        const ann = await importOnnx(grow(steps));
        const network = toSpiking(ann);
        for (const { layer, words, steps: wanted } of wordsAndSteps(ann, network, seed)) {
          expect(firstDifference(words, wanted), layer.name).toBeNull();
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
