/** Quantised networks as spiking ones: their words are the integers of the file. On the CPU reference. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ann, type AnnNeurons, shapeSize, stepOf } from '../../src/ann/ann.ts';
import { convertCalibrated } from '../../src/convert/convert.ts';
import { phasesAt, type SpikingNetwork } from '../../src/network/network.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { phasesOfSteps, wordsAreSteps } from '../../src/quantize/phases.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { evaluateImage } from '../helpers/ann-evaluate.ts';
import { firstDifference } from '../helpers/compare.ts';
import { randomNumbers } from '../helpers/onnx-compare.ts';
import { grow, STEP } from '../helpers/onnx-quantized.ts';
import { quantizeStatic, runStatic } from '../helpers/onnx-static.ts';

/** Pixels stand for (p − 128) / 64: multiples of 2^-6. */
const [mean, std] = [[128 / 255], [64 / 255]];
const bytes = (count: number, seed: number) => Uint8Array.from(randomNumbers(count, seed), (v) => Math.round((v + 1) * 127.5));
const images = (ann: Ann, seed: number) => {
  const pixels = bytes(shapeSize(ann.input), seed);
  return { pixels, values: Float64Array.from(pixels, (p) => (p - 128) / 64) };
};

/** Values of an image of `quantizeStatic`. */
const IMAGE = 3 * 16 * 16;

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
        // layers of one depth have one K, which must be the bits of each
        fc.pre(
          ann.layers.every((layer, l) => layer.kind !== 'neurons' || !layer.bits || wordsAreSteps(layer, phasesAt(network, l))),
        );
        for (const { layer, words, steps: wanted } of wordsAndSteps(ann, network, seed)) {
          expect(firstDifference(words, wanted), layer.name).toBeNull();
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it("with any scales and zero points, nearly every word is ONNX Runtime's integer", async () => {
    const n = 8;
    const pixels = Array.from({ length: n }, (_, i) => bytes(IMAGE, 50 + i));
    const values = Float32Array.from(
      pixels.flatMap((image) => Array.from(image)),
      (p) => (p - 128) / 64,
    );
    const file = await quantizeStatic(values, n);
    const wanted = await runStatic(file, values, n);
    const ann = await importOnnx(file.bytes, { output: 'y' });
    const network = toSpiking(ann);
    const spiking = pixels.map((image) => windowed(network, image, 1).words);
    const trained = pixels.map((_, i) => evaluateImage(ann, Float64Array.from(values.subarray(i * IMAGE, (i + 1) * IMAGE))));
    const counted = { words: 0, spiking: 0, trained: 0 };
    const different = (a: Int32Array, b: Int32Array) => a.reduce((count, v, i) => count + Number(v !== b[i]), 0);
    for (const [l, layer] of ann.layers.entries()) {
      if (layer.kind !== 'neurons' || !layer.bits) continue;
      const integers = wanted.get(layer.name.slice('QuantizeLinear:'.length, -'d_q'.length))!;
      const words = Int32Array.from(spiking.flatMap((image) => Array.from(image[l][0])));
      const steps = Int32Array.from(trained.flatMap((image) => Array.from(stepsOf(layer, image[l]))));
      expect(words.length, layer.name).toBe(integers.length);
      counted.words += words.length;
      counted.spiking += different(words, integers);
      counted.trained += different(steps, integers);
    }
    // of 80,000: sums of the trained network that f32 rounds to the other side of a half, and weights that 32 bits of membrane
    // leave 16 bits for
    expect(counted.trained).toBeLessThan(10);
    expect(counted.spiking / counted.words).toBeLessThan(0.004);
  });
});
