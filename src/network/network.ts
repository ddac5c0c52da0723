import type { Convolution, Identity, Shape, Window } from '../ann/ann.ts';

/**
 * The spiking network: integers only (specification, section 3), plain data, the same on every device.
 * One unit of a membrane is λ·2^-K/θ of activation, where θ = 2^g of the channel.
 */
export interface SpikingNetwork {
  readonly name: string;
  /** K: spikes of a word, 1 to 8. */
  readonly phaseBits: number;
  /** V at the start: half a threshold (words round to nearest) or zero (words round down). */
  readonly initial: 'half' | 'zero';
  readonly input: SpikingInput;
  /** In topological order; the last one is the readout. */
  readonly layers: readonly SpikingLayer[];
}

/** Pixels p in 0…255 enter as q = p − zeroPoint[c] (section 7); padding is 0 in q. */
export interface SpikingInput {
  readonly shape: Shape;
  /** [255·mean] a channel. */
  readonly zeroPoint: Int32Array;
  /** Mean and standard deviation of pixels / 255 that were folded in, a channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** One summand of a layer. */
export interface SpikingTerm {
  /** Index of a neuron or pool layer, or `INPUT`. */
  readonly source: number;
  /** Synchronous neurons in a row on this term: windows that the source's words are held back (section 5). */
  readonly delay: number;
  readonly operator: Convolution<Int8Array> | Identity<Int32Array>;
}

/** What neurons and readout share: the integer grid of a weighted sum. */
interface Weighted {
  readonly name: string;
  readonly shape: Shape;
  /** 1 + the greatest depth of a source (section 5). */
  readonly depth: number;
  /** λ: the activation that a full word (2^K) stands for. */
  readonly scale: number;
  /** g of each channel: θ = 2^g, −8 … 22. */
  readonly gridBits: Int8Array;
  /** b of each channel, in membrane units of θ = 2^g. */
  readonly bias: Int32Array;
  readonly terms: readonly SpikingTerm[];
}

/** A layer of bistable neurons. */
export interface SpikingNeurons extends Weighted {
  readonly kind: 'neurons';
}

/** The last layer: integrates and never fires. */
export interface SpikingReadout extends Weighted {
  readonly kind: 'readout';
}

/** Maximum or sum of words over windows; takes no time, has no state. */
export interface SpikingPool {
  readonly kind: 'pool';
  readonly name: string;
  readonly shape: Shape;
  /** The depth of the source. */
  readonly depth: number;
  /** Index of a neuron or pool layer. */
  readonly source: number;
  readonly mode: 'max' | 'sum';
  readonly window: Window;
  /** The largest value: 2^K − 1 for max, times the window's size for sum. */
  readonly maxWord: number;
}

export type SpikingLayer = SpikingNeurons | SpikingPool | SpikingReadout;

/** The membrane's bound: V stays in [−2^23, 2^23], so that every sum is exact in f32 too. */
export const MEMBRANE_LIMIT = 2 ** 23;
