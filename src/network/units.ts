import { INPUT, type Shape } from '../ann/ann.ts';
import { round } from './round.ts';

/**
 * What a source sends (specification, section 3, "Units of a source"):
 *
 *     value of channel c = (word − zero[c]) · unit[c],     0 ≤ word ≤ most
 *
 * The input is a source like any other, whose words never change; padding is the word zero[c]. Nothing more need be known of a
 * source to read it than this.
 */
export interface Units {
  readonly shape: Shape;
  /** Activation that one unit of a word stands for, a channel. */
  readonly unit: Float64Array;
  /** The word that stands for the value 0, a channel. */
  readonly zero: Int32Array;
  /** The largest word; 0 for the readout, which sends none. */
  readonly most: number;
}

/** λ of a layer, or one of each of its channels. */
export type Scale = number | ArrayLike<number>;

const byChannel = ({ channels }: Shape, scale: Scale): Float64Array =>
  typeof scale === 'number' ? new Float64Array(channels).fill(scale) : Float64Array.from(scale);

/** Pixels p in 0…255: zero = [255·mean], unit = 1/(255·std). What the rounding of zero leaves over goes into biases (section 7). */
export const inputUnits = (shape: Shape, mean: readonly number[], std: readonly number[]): Units => ({
  shape,
  unit: Float64Array.from(std, (s) => 1 / (255 * s)),
  zero: Int32Array.from(mean, (m) => round(255 * m)),
  most: 255,
});

/** Neurons send words of K bits: unit = λ/2^K. */
export const neuronUnits = (shape: Shape, scale: Scale, phases: number): Units => ({
  shape,
  unit: byChannel(shape, scale).map((s) => s / 2 ** phases),
  zero: new Int32Array(shape.channels),
  most: 2 ** phases - 1,
});

/** A max pool sends its source's words, a sum pool sums over `places` of them: a mean of values is unit/places of a sum of words. */
export const poolUnits = (shape: Shape, source: Units, mode: 'max' | 'sum', places: number): Units => ({
  shape,
  unit: mode === 'max' ? source.unit : source.unit.map((u) => u / places),
  zero: source.zero,
  most: mode === 'max' ? source.most : source.most * places,
});

/**
 * The readout sends no words; its unit is what one unit of its potential is in real logits, λ·2^-K/θ of the class, K that of the
 * depth before it. After n words (or T steps) logits = potential · unit / n.
 */
export const readoutUnit = (shape: Shape, scale: number, phases: number, gridBits: Int8Array): Units => ({
  shape,
  unit: Float64Array.from(gridBits, (g) => scale * 2 ** (-phases - g)),
  zero: new Int32Array(shape.channels),
  most: 0,
});

/**
 * λ, a channel: the activation that a full word (2^K) stands for. Of the readout, whose units are its potential's, with its grid.
 * @param phases K of the neurons; of the readout, that of the depth before it
 */
export const scalesOf = ({ unit }: Units, phases: number, gridBits?: Int8Array): Float64Array =>
  unit.map((u, o) => u * 2 ** (phases + (gridBits?.[o] ?? 0)));

/** Units of a term's or a pool's source. */
export const unitsOf = (
  network: { readonly input: { readonly units: Units }; readonly layers: readonly { readonly units: Units }[] },
  source: number,
): Units => (source === INPUT ? network.input.units : network.layers[source].units);
