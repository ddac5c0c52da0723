import { type Ann, type AnnLayer, INPUT, type Shape } from '../../src/ann/ann.ts';
import { seeded } from '../../src/ann/build.ts';
import type { DataSet } from '../../src/data/data-set.ts';
import type { LabelledSource } from '../../src/run/source.ts';
import { randomConvolution } from '../networks.ts';

/** Pixels of a side, and classes: those of ImageNet. */
const SIDE = 224;
export const CLASSES = 1000;
export const SHAPE: Shape = { channels: 3, height: SIDE, width: SIDE };
export const IMAGE_BYTES = 3 * SIDE * SIDE;

/** Blocks of a side that share a brightness, so that images differ by more than noise. */
const BLOCKS = 7;

/** A few channels and large strides: 224² pixels cost little, and a thousand classes are still told apart. */
export function flowNetwork(): Ann {
  const random = seeded(1);
  const layer = (
    name: string,
    source: number,
    inputs: number,
    outputs: number,
    kernel: number,
    stride: number,
    side: number,
  ): AnnLayer => ({
    kind: 'neurons',
    name,
    shape: { channels: outputs, height: side, width: side },
    terms: [{ source, operator: randomConvolution(random, { inputs, outputs, kernel, stride, pad: kernel === 3 ? 1 : 0 }) }],
    bias: new Float32Array(outputs),
    ceiling: Number.POSITIVE_INFINITY,
  });
  const layers: AnnLayer[] = [
    layer('stem', INPUT, 3, 8, 4, 4, 56),
    layer('second', 0, 8, 16, 3, 2, 28),
    layer('third', 1, 16, 32, 3, 2, 14),
    {
      kind: 'pool',
      name: 'average',
      shape: { channels: 32, height: 1, width: 1 },
      source: 2,
      mode: 'average',
      window: { kernel: [14, 14], stride: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] },
      countIncludePad: true,
    },
    {
      kind: 'readout',
      name: 'readout',
      shape: { channels: CLASSES, height: 1, width: 1 },
      terms: [{ source: 3, operator: randomConvolution(random, { inputs: 32, outputs: CLASSES, kernel: 1, stride: 1 }) }],
      bias: new Float32Array(CLASSES),
    },
  ];
  return { name: 'flow', input: SHAPE, layers };
}

/** Image `index` of all: blocks of random brightness under noise; the same one every time. */
function fillImage(pixels: Uint8Array, at: number, index: number): void {
  let state = Math.imul(index + 1, 0x9e3779b1) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 24;
  };
  const block = SIDE / BLOCKS;
  const levels = new Uint8Array(BLOCKS);
  for (let row = 0; row < 3 * SIDE; row++) {
    if (row % block === 0) for (let b = 0; b < BLOCKS; b++) levels[b] = next();
    for (let x = 0; x < SIDE; x++) pixels[at + row * SIDE + x] = (levels[(x / block) | 0] * 3 + next()) >> 2;
  }
}

/** So many made-up images with made-up labels: generated when they are read, held by nobody. */
export function madeUpImages(count: number, from = 0): LabelledSource {
  return {
    count,
    shape: SHAPE,
    labels: Uint16Array.from({ length: count }, (_, n) => (Math.imul(from + n, 0x85ebca6b) >>> 0) % CLASSES),
    read: (first, n) => {
      const pixels = new Uint8Array(n * IMAGE_BYTES);
      for (let i = 0; i < n; i++) fillImage(pixels, i * IMAGE_BYTES, from + first + i);
      return pixels;
    },
  };
}

/** A data set of them, with others to calibrate on. */
export const madeUpDataSet = (count: number): DataSet => ({
  name: 'made up',
  classes: Array.from({ length: CLASSES }, (_, c) => String(c)),
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  evaluation: madeUpImages(count),
  training: madeUpImages(200, 1_000_000),
});
