import { type Convolution, type Identity, type ImageShape, SHAPE, type Shape, type Window } from '../ann/ann.ts';
import { type Check, isObject, object } from '../checks.ts';
import type { Neuron } from './neuron.ts';
import { oneK, phasesOf, type Timetable } from './timetable.ts';
import { scalesOf, type Units } from './units.ts';

/**
 * The spiking network: integers only (specification, section 3), plain data, the same on every device. It says all of itself: what
 * its sources' words stand for (`units`), when its depths integrate and fire (`timetable`), which neuron it is meant for.
 * `check.ts` has the rules that it must keep. One unit of a membrane is λ·2^-K/θ of activation, where θ = 2^g of the channel and K
 * is that of the layer's depth.
 */
export interface SpikingNetwork {
  /** Of this form of the data. */
  readonly version: 1;
  readonly name: string;
  /** V at the start: half a threshold (words round to nearest) or zero (words round down). */
  readonly initial: 'half' | 'zero';
  readonly input: SpikingInput;
  /** The neuron of all layers, where a run asks for no other. */
  readonly neuron: Neuron;
  /** When each depth integrates and fires, and K by depth. */
  readonly timetable: Timetable;
  /** In topological order; the last one is the readout. */
  readonly layers: readonly SpikingLayer[];
}

/** Pixels p in 0…255 enter as q = p − zero[c] (section 7); padding is 0 in q. */
export interface SpikingInput {
  readonly shape: ImageShape;
  readonly units: Units;
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
  /** s of each output channel: 1 of the term's sum counts 2^s in the membrane, 0 … 30; a coarser term is shifted (section 3). */
  readonly shifts: Int8Array;
  readonly operator: Convolution<Int8Array> | Identity<Int32Array>;
}

/** What neurons and readout share: the integer grid of a weighted sum. */
interface Weighted {
  readonly name: string;
  readonly shape: Shape;
  /** 1 + the greatest depth of a source (section 5). */
  readonly depth: number;
  /** Of neurons: what their words stand for. Of the readout: what its potential stands for. */
  readonly units: Units;
  /** g of each channel: θ = 2^g, 0 … 22. */
  readonly gridBits: Int8Array;
  /** b of each channel, in membrane units of θ = 2^g. */
  readonly bias: Int32Array;
  readonly terms: readonly SpikingTerm[];
}

/** A layer of neurons. */
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
  readonly units: Units;
}

export type SpikingLayer = SpikingNeurons | SpikingPool | SpikingReadout;

/** What a wave brings to a membrane stays below. */
export const SUM_LIMIT = 2 ** 30;
/** The membrane's bound: V stays within ±(2^30 − 1), so that V and any wave's sum fit 32 bits. */
export const MEMBRANE_LIMIT = SUM_LIMIT - 1;
/** Greatest magnitude of a convolution weight on the grid: 8 bits. */
export const WEIGHT_LIMIT = 127;
/** Bounds of g, θ = 2^g. */
export const GRID_BITS = { min: 0, max: 22 } as const;
/** Bounds of h = g − s of a term, whose weights count 2^-h of an output unit; below, a layer is refused. */
export const TERM_BITS = { min: -8, max: 22 } as const;

/** The readout: always the last layer. */
export const readoutOf = (network: SpikingNetwork): SpikingReadout => network.layers[network.layers.length - 1] as SpikingReadout;

/** K of a network as its options take it: one number where all depths have the same, else by depth from the input's window on. */
export const phaseBitsOf = ({ timetable }: SpikingNetwork): number | readonly number[] => oneK(timetable) ?? phasesOf(timetable);

/** λ of a layer, one a channel; empty for a pool. */
export function scalesAt(network: SpikingNetwork, l: number): Float64Array {
  const layer = network.layers[l];
  if (layer.kind === 'pool') return new Float64Array(0);
  return scalesOf(layer.units, unitPhases(network, layer), layer.kind === 'readout' ? layer.gridBits : undefined);
}

/** K of the words that a layer's unit is a part of: its own; of the readout, which sends none, those of the depth before it. */
export const unitPhases = ({ timetable }: Pick<SpikingNetwork, 'timetable'>, { kind, depth }: SpikingLayer): number =>
  timetable.layers[kind === 'readout' ? depth - 1 : depth].phases;

/** K of a layer: bits of the words that it sends, or for a pool passes on; 0 for the readout. */
export const phasesAt = ({ layers, timetable }: SpikingNetwork, layer: number): number =>
  timetable.layers[layers[layer].depth].phases;

/** A spiking network that a caller hands in; whether it is sound `check` asks. */
export const NETWORK: Check = object(
  'a spiking network, as convert() or loadNetwork() gives it',
  ({ input, layers, timetable }) =>
    isObject(input) && SHAPE.accepts(input.shape) && isObject(timetable) && Array.isArray(layers) && layers.length > 0,
);
