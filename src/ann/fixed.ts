/**
 * The trained network on a fixed-point grid (specification, section 4), so that what it gives is equal on every device: activations are
 * integers times a unit a channel, weights integers times a unit an output channel, and sums are exact. Everything that decides a
 * conversion is measured on it. The host's share is f64 with + − × ÷ and floor alone, powers of two from the bits.
 */
import { type Ann, type AnnNeurons, type AnnReadout, type AnnTerm, sourceShape, stepOf, type Window } from './ann.ts';
import { exponentOf, powerAtLeast, powerAtMost } from './powers.ts';

/** What the integers of a source's channels stand for. */
export interface Grid {
  /** What an integer is multiplied by; 0 for a channel that is always 0. */
  readonly unit: Float64Array;
  /** The largest integer, above which values are cut; of pixels, of either sign. */
  readonly limit: Int32Array;
  /** The greatest value that is looked for, real: two bits below the largest integer. */
  readonly greatest: Float64Array;
}

/** A layer's weights and biases as integers, whose sums have a unit an output channel. */
export interface FixedLayer {
  /** What a sum is multiplied by. */
  readonly sumUnit: Float64Array;
  /** Of each term, as its operator's. */
  readonly weights: readonly Int32Array[];
  /** Integers of up to 46 bits. */
  readonly bias: Float64Array;
  /** What a sum cannot exceed, real: with sources at their greatest values, and at their largest integers. */
  readonly bound: Float64Array;
  readonly reach: Float64Array;
}

/** How a layer's sums become integers of its own grid: shifted right, a channel, half a unit added before. */
export interface Rounding {
  readonly shift: Int32Array;
  readonly limit: Int32Array;
}

/** Bits of the greatest value that is looked for, and of the largest integer: two more. */
const SEEN_BITS = 15;
const MOST_BITS = 17;
const MOST = 2 ** MOST_BITS - 1;
/** The largest integer of what is not cut, whose unit is a power of two above: logits, and sums of which the greatest is looked for. */
const WHOLE = 2 ** 30;
/** Taps of a row of a kernel that are added up, with 4 channels each, until the upper bits are carried (`shaders/ann-convolve.wgsl`). */
export const TAPS = 16;
/** What such a row may bring, beside the 16 bits that stay and what rounding adds to weights. */
const ROW = 2 ** 31 - 2 ** 23;
/** What all of a sum may be. */
const SUM = 2 ** 45;
/**
 * A channel's greatest value is at least its sum's bound by this. Sums of trained networks reach a hundredth or a thousandth of their
 * bounds, so one that hardly fired on the images looked at may still fire as others do.
 */
const LEAST_SHARE = 2 ** -9;

/** The grid of normalised pixels, whose greatest values are known. @param mean of pixels / 255, one a channel; so is `std` */
export function inputGrid(mean: readonly number[], std: readonly number[]): Grid {
  const greatest = Float64Array.from(mean, (m, c) => Math.max(Math.abs(m), Math.abs(1 - m)) / std[c]);
  const unit = greatest.map((v) => powerAtMost(v) * 2 ** (1 - MOST_BITS));
  return { unit, limit: new Int32Array(mean.length).fill(MOST + 1), greatest };
}

/** The integer of every pixel value, [channel][256]. */
export const fixedPixels = ({ unit }: Grid, mean: readonly number[], std: readonly number[]): Int32Array<ArrayBuffer> =>
  Int32Array.from({ length: mean.length * 256 }, (_, i) => {
    const c = i >> 8;
    return Math.round(((i & 255) / 255 - mean[c]) / std[c] / unit[c]);
  });

/** Grids of a network's sources: the input's first. */
export type Grids = readonly Grid[];

/** Puts a layer's weights on the finest grid on which no sum overflows. @param grids those of its sources at least */
export function fixedLayer(ann: Ann, layer: AnnNeurons | AnnReadout, grids: Grids): FixedLayer {
  const { channels } = layer.shape;
  const step = layer.kind === 'neurons' ? stepOf(layer) : 0;
  const [sumUnit, bias, bound, reach] = Array.from({ length: 4 }, () => new Float64Array(channels));
  const weights = layer.terms.map(({ operator }) => new Int32Array(operator.weights.length));
  for (let o = 0; o < channels; o++) {
    const rows = layer.terms.map((term) => rowOf(ann, term, grids[term.source + 1], o, channels));
    const b = layer.bias[o];
    bound[o] = rows.reduce((sum, row) => sum + row.bound, Math.abs(b));
    reach[o] = rows.reduce((sum, row) => sum + row.reach, Math.abs(b));
    const unit = sumUnitOf(Math.max(reach[o] / SUM, ...rows.map(({ most }) => most / ROW)), step);
    sumUnit[o] = unit;
    bias[o] = unit > 0 ? Math.round(b / unit) : 0;
    for (const [t, { first, values }] of rows.entries()) {
      if (unit > 0) for (let j = 0; j < values.length; j++) weights[t][first + j] = Math.round(values[j] / unit);
    }
  }
  return { sumUnit, weights, bias, bound, reach };
}

/** The finest unit of sums that is at least so much: a power of two, or the step of a quantised layer by one. */
function sumUnitOf(least: number, step: number): number {
  if (least === 0 || step === 0) return least && powerAtLeast(least);
  return step * powerAtLeast(least / step);
}

/** What one term brings to an output channel. */
interface Row {
  /** Its first weight among the operator's. */
  readonly first: number;
  /** Its weights times the units of what they read. */
  readonly values: Float64Array;
  /** Of the whole term, and the most of what is added up at once. */
  readonly bound: number;
  readonly reach: number;
  readonly most: number;
}

function rowOf(ann: Ann, { source, operator }: AnnTerm, { unit, limit, greatest }: Grid, o: number, channels: number): Row {
  if (operator.type === 'identity') {
    const value = operator.weights[o] * unit[o];
    const reach = Math.abs(value) * limit[o];
    return { first: o, values: Float64Array.of(value), bound: Math.abs(operator.weights[o]) * greatest[o], reach, most: reach };
  }
  const inputs = sourceShape(ann, source).channels / operator.groups;
  const firstInput = Math.floor(o / (channels / operator.groups)) * inputs;
  const { kernel } = operator.window;
  const area = kernel[0] * kernel[1];
  const first = o * inputs * area;
  const values = new Float64Array(inputs * area);
  const firstBlock = firstInput >> 2;
  const parts = new Float64Array((((firstInput + inputs - 1) >> 2) - firstBlock + 1) * partsOf(kernel));
  let [bound, reach] = [0, 0];
  for (let i = 0; i < inputs; i++) {
    const c = firstInput + i;
    const from = ((c >> 2) - firstBlock) * partsOf(kernel);
    for (let k = 0; k < area; k++) {
      const w = operator.weights[first + i * area + k];
      const most = Math.abs(w) * unit[c] * limit[c];
      values[i * area + k] = w * unit[c];
      bound += Math.abs(w) * greatest[c];
      reach += most;
      parts[from + partOf(k, kernel)] += most;
    }
  }
  return { first, values, bound, reach, most: parts.reduce((a, b) => Math.max(a, b), 0) };
}

/** Taps of a block of 4 channels are added up in so many parts: rows of the kernel, or pieces of them. */
const partsOf = ([height, width]: Window['kernel']): number => height * Math.ceil(width / TAPS);

/** The part that a tap belongs to. @param k its place in the kernel */
const partOf = (k: number, [, width]: Window['kernel']): number =>
  Math.floor(k / width) * Math.ceil(width / TAPS) + Math.floor((k % width) / TAPS);

/** The unit of whole sums: rounded weights may bring twice what the real ones do. */
const wholeUnit = (sumUnit: number, reach: number): number =>
  reach === 0 ? 0 : sumUnit * Math.max(1, powerAtLeast((2 * reach) / WHOLE / sumUnit));

/** A layer's sums as they are: the grid of logits, and of sums of which the greatest is looked for. */
export const wholeGrid = ({ sumUnit, reach, bound }: FixedLayer): Grid => ({
  unit: sumUnit.map((unit, o) => wholeUnit(unit, reach[o])),
  limit: new Int32Array(sumUnit.length).fill(WHOLE),
  greatest: bound,
});

/** The grid of a layer of neurons. @param largest the greatest integer that each channel had on its `wholeGrid` */
export function gridOf(layer: AnnNeurons, fixed: FixedLayer, largest: ArrayLike<number>): Grid {
  const whole = wholeGrid(fixed).unit;
  const step = stepOf(layer);
  const greatest = fixed.bound.map((bound, o) => Math.min(Math.max(largest[o] * whole[o], bound * LEAST_SHARE), layer.ceiling));
  const unit = fixed.sumUnit.map((sumUnit, o) => {
    if (sumUnit === 0 || greatest[o] === 0) return 0;
    return step > 0 ? Math.max(step, sumUnit) : Math.max(powerAtMost(greatest[o]) * 2 ** (1 - SEEN_BITS), sumUnit);
  });
  const limit = Int32Array.from(unit, (u) => (u > 0 ? Math.min(MOST, Math.round(layer.ceiling / u)) : 0));
  return { unit, limit, greatest };
}

/** How a layer's sums come to a grid. */
export const roundingOf = ({ sumUnit }: FixedLayer, { unit, limit }: Grid): Rounding => ({
  shift: Int32Array.from(unit, (u, o) => (u > 0 ? exponentOf(u / sumUnit[o]) : 0)),
  limit,
});

/** The greatest unit of a grid's channels, in which a whole layer is counted; 1 where all are always 0. */
export const layerUnit = ({ unit }: Grid): number => unit.reduce((a, b) => Math.max(a, b), 0) || 1;

/** Powers of two from each channel's unit to the layer's. Below those of f32 there are none. */
export function layerPowers(grid: Grid): Int32Array<ArrayBuffer> {
  const whole = layerUnit(grid);
  return Int32Array.from(grid.unit, (u) => (u > 0 ? Math.max(exponentOf(u / whole), -126) : 0));
}
