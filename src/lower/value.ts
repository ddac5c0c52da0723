/**
 * What a tensor is while the graph is lowered: a list of channel parts. A part is finished (the output of a layer, or the network's
 * input) or a linear sum that still waits for its ReLU. Concat only lengthens the list, Flatten and Transpose only change `dims` and `axes`.
 */

import type { AnnTerm, Shape, Window } from '../ann/ann.ts';
import type { Node } from '../graph/graph.ts';

/** [top, left, bottom, right] */
export type Pads = readonly [number, number, number, number];

/** The output of a layer, or the network's input (`INPUT`). */
export interface Finished {
  readonly kind: 'finished';
  readonly source: number;
  readonly shape: Shape;
}

/** A max pool of a sum, put off until the sum's ReLU is known: the maximum and ReLU may change places. */
export interface WaitingPool {
  readonly name: string;
  readonly window: Window;
  /** Of the pool's output. */
  readonly shape: Shape;
}

/** Σ terms + bias, without activation so far. No terms and no bias: zeros. */
export interface Sum {
  readonly kind: 'sum';
  /** The last linear node. */
  readonly name: string;
  /** Of the sum, before `pools`. */
  readonly shape: Shape;
  readonly terms: readonly AnnTerm[];
  /** One a channel; in double precision until the layer is made. */
  readonly bias: Float64Array;
  readonly pools: readonly WaitingPool[];
}

export type Part = Finished | Sum;

/** A tensor of activations. */
export interface Value {
  /** As ONNX sees it: [batch, …], zero border included. */
  readonly dims: readonly number[];
  /**
   * Over which axes of the parts each dimension runs, slowest first: n batch, c channels of all parts, h height, w width, and p (in front of a
   * vector's) parts one after another. `['n', 'h', 'w', 'c']` has the channels last, `['n', 'chw']` is a vector. Each g is a part of the channels'
   * numbers: `['n', 'g', 'g', 'h', 'w']` is the inside of a channel shuffle. Of a batch of 1, n may be anywhere, or left out.
   */
  readonly axes: readonly string[];
  /** In the order of channels; flattened, in the order of features. */
  readonly parts: readonly Part[];
  /** A border of zeros around the parts (of a Pad node) that the next window takes in. */
  readonly pads: Pads;
  /** Of a flattened map: what each feature is multiplied by and what is added, which the linear layer behind takes in. */
  readonly features?: Features | undefined;
  /** Where the tensor's channels stand in another order than the parts': for each, its place among the channels of the parts. */
  readonly order?: readonly number[] | undefined;
  /** The last of Softmax, LogSoftmax, Sigmoid and ArgMax that was left out behind the logits, which these are then. */
  readonly ending?: Node;
}

/** One number a feature each, in the tensor's order. */
export interface Features {
  readonly factors: Float64Array;
  readonly offsets: Float64Array;
}

export const NO_PADS: Pads = [0, 0, 0, 0];

/** Whether a border has any width. */
export const hasPads = (pads: Pads): boolean => pads.some((p) => p !== 0);

/** Shape of what a part stands for, its waiting pools included. */
export const partShape = (part: Part): Shape => (part.kind === 'sum' ? (part.pools.at(-1)?.shape ?? part.shape) : part.shape);

/** Channels of all parts together. */
export const channelCount = ({ parts }: Pick<Value, 'parts'>): number => parts.reduce((n, part) => n + partShape(part).channels, 0);

/** Whether a sum adds something to zero padding of its sources. */
export const hasBias = (sum: Sum): boolean => sum.bias.some((b) => b !== 0);

/** Whether a sum is zero everywhere: padded channels. */
export const isZero = (sum: Sum): boolean => sum.terms.length === 0 && !hasBias(sum);

/** A sum that is zero everywhere: padded channels. */
export const zeroSum = (name: string, shape: Shape): Sum => ({
  kind: 'sum',
  name,
  shape,
  terms: [],
  bias: new Float64Array(shape.channels),
  pools: [],
});
