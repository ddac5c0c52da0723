import {
  type Ann,
  type AnnLayer,
  type AnnNeurons,
  type AnnPool,
  type AnnReadout,
  type AnnTerm,
  type Shape,
  shapeSize,
  type Window,
  windowOutput,
} from './ann.ts';

/** Small networks in few words, and numbers from a seed: for tests, benchmarks and the self-test. */

/** Pseudo-random numbers; who names the seed has them again. */
export interface Seeded {
  /** In [0, 1). */
  real(): number;
  /** From min to max, both included. */
  integer(min: number, max: number): number;
  /** Mean 0, variance 1. */
  normal(): number;
  chance(p: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** A generator from a seed: mulberry32. */
export function seeded(seed: number): Seeded {
  let state = seed | 0;
  const real = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (min: number, max: number): number => min + Math.floor(real() * (max - min + 1));
  return {
    real,
    integer,
    normal: () => Math.sqrt(-2 * Math.log(1 - real())) * Math.cos(2 * Math.PI * real()),
    chance: (p) => real() < p,
    pick: (items) => items[integer(0, items.length - 1)],
  };
}

/** Random pixels, [image][channel][y][x]. */
export function randomPixels(shape: Shape, images: number, seed: number): Uint8Array {
  const random = seeded(seed ^ 0x91c5);
  return Uint8Array.from({ length: images * shapeSize(shape) }, () => random.integer(0, 255));
}

/** Weights as a trained convolution has them: normal, variance 2/inputs. @param inputs of one output, places of the kernel included */
export function randomWeights(random: Seeded, outputs: number, inputs: number): Float32Array {
  const deviation = Math.sqrt(2 / inputs);
  return Float32Array.from({ length: outputs * inputs }, () => random.normal() * deviation);
}

export const map = (channels: number, height = 1, width = height): Shape => ({ channels, height, width });

/** A square window; `over` replaces what differs. */
export const square = (kernel: number, over: Partial<Window> = {}): Window => ({
  kernel: [kernel, kernel],
  stride: [1, 1],
  pads: [0, 0, 0, 0],
  dilation: [1, 1],
  ...over,
});

/** The window of a 3 × 3 convolution that keeps the map's size. */
export const SAME: Window = square(3, { pads: [1, 1, 1, 1] });

export const convolution = (
  source: number,
  weights: ArrayLike<number>,
  window: Window = square(1),
  groups = 1,
): AnnTerm & { readonly operator: { readonly type: 'convolution' } } => ({
  source,
  operator: { type: 'convolution', weights: Float32Array.from(weights), window, groups },
});

/** An identity with a weight a channel. */
export const shortcut = (source: number, weights: ArrayLike<number>): AnnTerm => ({
  source,
  operator: { type: 'identity', weights: Float32Array.from(weights) },
});

export const neurons = (name: string, shape: Shape, terms: readonly AnnTerm[], bias?: ArrayLike<number>): AnnNeurons => ({
  kind: 'neurons',
  name,
  shape,
  terms,
  bias: Float32Array.from(bias ?? new Array<number>(shape.channels).fill(0)),
  ceiling: Infinity,
});

export const readout = (classes: number, terms: readonly AnnTerm[], bias?: ArrayLike<number>): AnnReadout => ({
  kind: 'readout',
  name: 'readout',
  shape: map(classes),
  terms,
  bias: Float32Array.from(bias ?? new Array<number>(classes).fill(0)),
});

/** A pool of `from`, the shape of its source. */
export const pool = (
  name: string,
  source: number,
  from: Shape,
  mode: AnnPool['mode'],
  window: Window,
  countIncludePad = true,
): AnnPool => {
  const [height, width] = windowOutput(from, window);
  return { kind: 'pool', name, shape: { channels: from.channels, height, width }, source, mode, window, countIncludePad };
};

export const ann = (input: Shape, layers: readonly AnnLayer[], name = 'by hand'): Ann => ({ name, input, layers });
