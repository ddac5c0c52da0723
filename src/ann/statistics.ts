import { BINS } from './plan.ts';

/** Distribution of one layer's post-ReLU values over the calibration images. */
export interface LayerStatistics {
  /** Values in all, zeros included. */
  readonly count: number;
  /** Positive values by logarithmic bin (`shaders/histogram.wgsl`). */
  readonly bins: Uint32Array;
}

const bits = new DataView(new ArrayBuffer(4));

/** Lower edge of a bin; the upper edge is the next one's lower. */
export function binEdge(bin: number): number {
  bits.setUint32(0, (227328 + bin) << 12);
  return bits.getFloat32(0);
}

/**
 * The P-th percentile of all values, zeros included, interpolated within its bin (bins are at most 0.05 % wide).
 * @param percentile 0 < P ≤ 100
 */
export function percentile(statistics: LayerStatistics, percentile: number): number {
  const positive = statistics.bins.reduce((sum, n) => sum + n, 0);
  const rank = (percentile / 100) * statistics.count;
  let below = statistics.count - positive;
  if (rank <= below) return 0;
  for (let bin = 0; bin < BINS; bin++) {
    const n = statistics.bins[bin];
    if (below + n >= rank) return binEdge(bin) + ((binEdge(bin + 1) - binEdge(bin)) * (rank - below)) / n;
    below += n;
  }
  return maximum(statistics);
}

/** The greatest value, to the width of a bin; 0 where no value is positive. */
export function maximum(statistics: LayerStatistics): number {
  const bin = statistics.bins.findLastIndex((n) => n > 0);
  return bin < 0 ? 0 : binEdge(bin + 1);
}
