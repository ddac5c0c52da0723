/** What calibration measures of a layer: plain data between the room that counts and the one that chooses scales. */

/** Counts; in double precision where 32 bits do not hold them. */
export type Bins = Uint32Array | Float64Array;

/**
 * How many post-ReLU values of a layer or a channel lie where, over the calibration images. Bins are logarithmic: the values of one bin
 * share the upper bits of their f32, exponent and some of the mantissa, once they are divided by a unit. So bins span all positive normal
 * f32, 2^-126 to 2^128, times the unit.
 */
export interface Distribution {
  /** Values in all, zeros included. */
  readonly count: number;
  /** Positive values by bin; the first and the last one have those beyond, too. */
  readonly bins: Bins;
  /** What the values are multiples of, or of fewer powers of two: the integers' of a channel, the greatest of a layer's channels. */
  readonly unit: number;
  /** The upper bits of the first bin's values, in units; below those of any value where the bins reach further down than f32. */
  readonly first: number;
  /** Lower bits of an f32 that a bin does not look at. */
  readonly shift: number;
  /** The greatest value, of a layer to the width of a bin; 0 where none is positive. */
  readonly largest: number;
}

/** One layer's distribution, and each channel's where they were measured. */
export interface LayerStatistics extends Distribution {
  readonly channels: readonly Distribution[] | null;
}

/** Bins of a layer (`shaders/histogram.wgsl`): 254 exponents, 8 bits of mantissa, at most 0.4 % wide. */
export const BINS = 254 * 2 ** 8;
const SHIFT = 15;
/** Upper bits of 2^-126, the least normal f32. */
const LOWEST = 2 ** 8;

/** Bins of a channel: 16 octaves down from its greatest value, 5 bits of mantissa, at most 3.1 % wide. */
export const CHANNEL_BINS = 16 * 2 ** 5;
const CHANNEL_SHIFT = 18;

const bits = new DataView(new ArrayBuffer(4));

/** The f32 of these bits. */
function realOf(pattern: number): number {
  bits.setUint32(0, pattern);
  return bits.getFloat32(0);
}

/** The bits of an f32. */
function bitsOf(real: number): number {
  bits.setFloat32(0, real);
  return bits.getUint32(0);
}

/** Lower edge of a bin; its upper edge is the next one's lower. */
export const binEdge = ({ unit, first, shift }: Distribution, bin: number): number =>
  realOf(Math.max(0, first + bin) * 2 ** shift) * unit;

/** What was counted of a layer. @param count values in all */
export function layerDistribution(count: number, bins: Bins, unit: number): Distribution {
  const last = bins.findLastIndex((n) => n > 0);
  const open = { count, bins, unit, first: LOWEST, shift: SHIFT, largest: 0 };
  return { ...open, largest: last < 0 ? 0 : binEdge(open, last + 1) };
}

/** What was counted of a channel. @param maximum its greatest value in units, exact in f32; 0 where none is positive */
export const channelDistribution = (count: number, bins: Bins, maximum: number, unit: number): Distribution => ({
  count,
  bins,
  unit,
  first: (bitsOf(maximum) >>> CHANNEL_SHIFT) - (CHANNEL_BINS - 1),
  shift: CHANNEL_SHIFT,
  largest: maximum * unit,
});
