import type { Ann, AnnLayer, AnnNeurons, AnnPool, AnnReadout, AnnTerm, Shape, Window } from '../../src/graph/ann.ts';
import { windowOutput } from '../../src/graph/ann.ts';
import type { SpikingLayer, SpikingNetwork } from '../../src/network/network.ts';

/** Networks written by hand: a test says only what it is about. */

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

export const ann = (input: Shape, layers: readonly AnnLayer[]): Ann => ({ name: 'by hand', input, layers });

/** A spiking network from its layers, all zero points 0. */
export const spiking = (
  input: Shape,
  layers: readonly SpikingLayer[],
  options: { readonly phaseBits?: number; readonly initial?: 'half' | 'zero' } = {},
): SpikingNetwork => ({
  name: 'by hand',
  phaseBits: options.phaseBits ?? 4,
  initial: options.initial ?? 'half',
  input: {
    shape: input,
    zeroPoint: new Int32Array(input.channels),
    mean: new Array<number>(input.channels).fill(0),
    std: new Array<number>(input.channels).fill(1),
  },
  layers,
});
