/** Networks trained with QCFS activations: λ and K are in the file, and a spiking network computes the same with one word. */

import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { convertCalibrated } from '../../src/convert/convert.ts';
import { openDataSet } from '../../src/data/open.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { phasesOfSteps } from '../../src/quantize/phases.ts';
import { logits } from '../../src/reference/simulate.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { sliceSource } from '../../src/run/source.ts';
import { trainQcfs } from '../helpers/train-qcfs.ts';

const TRAINED_ON = 2000;
const IMAGES = 300;

/** The image's share of values of all. */
const ofImage = (values: Float32Array, n: number): Float32Array => {
  const size = values.length / IMAGES;
  return values.subarray(n * size, (n + 1) * size);
};
const bestOf = (values: ArrayLike<number>): number => {
  const all = Array.from(values);
  return all.indexOf(Math.max(...all));
};

describe('a network trained with QCFS', async () => {
  const { training, evaluation } = await openDataSet('mnist');
  const pixels = await evaluation.read(0, IMAGES);

  it.each([
    [3, 2],
    [4, 3],
    [15, 4],
  ])('of %i steps is one of words of %i bits: the same activations and the same classes', async (L, K) => {
    const bytes = await trainQcfs(sliceSource(training!, 0, TRAINED_ON), L, 1);
    const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled' });
    const input = Float32Array.from(pixels, (p) => p / 255);
    const results = await session.run({ x: new ort.Tensor('float32', input, [IMAGES, 1, 28, 28]) });
    await session.release();
    const [y, ...activations] = ['y', 'a0', 'a1'].map((name) => results[name].data as Float32Array);
    const ann = await importOnnx(bytes, { output: 'y' });
    const phaseBits = phasesOfSteps(ann).map(Number);
    expect(new Set(phaseBits)).toEqual(new Set([K]));
    // nothing is measured: a readout's λ is a unit, and changes no class
    const network = convertCalibrated(ann, { statistics: ann.layers.map(() => null), largestLogit: 8 }, { phaseBits });

    const counted = { right: 0, same: 0, words: 0, apart: 0 };
    for (let n = 0; n < IMAGES; n++) {
      const { words, potentials } = windowed(network, pixels.subarray(n * 784, (n + 1) * 784), 1);
      const best = bestOf(ofImage(y, n));
      counted.right += Number(best === evaluation.labels![n]);
      counted.same += Number(best === bestOf(logits(network, potentials.at(-1)!, 1)));
      activations.forEach((all, l) => {
        const top = all.reduce((most, v) => Math.max(most, v), 0);
        // L that is no 2^K − 1: a second layer holds what is missing to L
        const sent = L === 2 ** K - 1 ? words[l][0] : words[2 * l + 1][0].map((word) => L - word);
        const wanted = ofImage(all, n).map((v) => Math.round((v / top) * L));
        counted.words += sent.length;
        counted.apart += sent.reduce((sum, word, i) => sum + Number(word !== wanted[i]), 0);
      });
    }
    // it has learned something, its steps are not all the same
    expect(counted.right / IMAGES).toBeGreaterThan(0.85);
    expect(counted.same).toBe(IMAGES);
    // one in some thousand sums lies so near to a half that weights of 16 bits and more fall on its other side
    expect(counted.apart / counted.words).toBeLessThan(1e-3);
  });
});
