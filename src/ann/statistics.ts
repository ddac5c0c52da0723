/** What calibration measures of a layer: plain data between the room that counts and the one that chooses scales. */

/** Distribution of one layer's post-ReLU values over the calibration images. */
export interface LayerStatistics {
  /** Values in all, zeros included. */
  readonly count: number;
  /** Positive values by logarithmic bin: `BINS` of them, from 2^-16 to 2^16, at most 0.05 % wide. */
  readonly bins: Uint32Array;
}

/** Bins of one histogram (`shaders/histogram.wgsl`). */
export const BINS = 65536;
/** Bits of 2^-16 as f32, without the lower 12: the first bin. */
const LOWEST = 227328;

const bits = new DataView(new ArrayBuffer(4));

/** Lower edge of a bin; its upper edge is the next one's lower. */
export function binEdge(bin: number): number {
  bits.setUint32(0, (LOWEST + bin) << 12);
  return bits.getFloat32(0);
}
