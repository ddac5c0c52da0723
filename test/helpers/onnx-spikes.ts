/** What an imported network gives as a spiking one, on the CPU reference. */

import { expect } from 'vitest';
import { type Ann, shapeSize } from '../../src/ann/ann.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { logits } from '../../src/reference/simulate.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { evaluateImage } from './ann-evaluate.ts';
import { randomNumbers } from './onnx-compare.ts';

const K = 8;
const WAVES = 8;
/** Of the largest logit: what 8-bit weights and words leave behind a handful of layers; a wrong term is off by a multiple of it. */
const TOLERANCE = 0.04;

/** Converts with each layer's largest activation as λ, and compares the mean of eight words with the trained network's logits. */
export function expectSpikesAgree(ann: Ann, seed = 3): void {
  const pixels = Uint8Array.from(randomNumbers(shapeSize(ann.input), seed), (v) => Math.round((v + 1) * 127.5));
  const [mean, std] = [[0.5], [0.5]];
  const outputs = evaluateImage(
    ann,
    Float64Array.from(pixels, (p) => (p / 255 - mean[0]) / std[0]),
  );
  const scales = outputs.map((output) => output.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1);
  const network = quantize(ann, { phaseBits: K, initial: 'half', scales, mean, std });
  const got = logits(network, windowed(network, pixels, WAVES).potentials.at(-1)!, WAVES);
  const wanted = outputs.at(-1)!;
  got.forEach((v, o) => {
    const error = Math.abs(v - wanted[o]) / scales.at(-1)!;
    if (!(error <= TOLERANCE)) expect.fail(`logit ${o}: ${v} instead of ${wanted[o]}`);
  });
}
