import { BINS, binEdge, type LayerStatistics } from '../ann/statistics.ts';
import { ConversionError, OptionError } from '../errors.ts';

/** How λ is chosen from a layer's activations (specification, section 4). */
export const SCALE_METHODS = ['percentile', 'max', 'mse', 'bound'] as const;
export type ScaleMethod = (typeof SCALE_METHODS)[number];

/** A method, or the percentile with its P. */
export type ScaleText = ScaleMethod | `percentile:${number}`;

/** Reads "mse", "percentile" or "percentile:99.5" (0 < P ≤ 100; P in decimal notation); null where it is none of these. */
export function parseScale(text: string): { readonly method: ScaleMethod; readonly percentile?: number } | null {
  const method = SCALE_METHODS.find((one) => one === text);
  if (method) return { method };
  const found = /^percentile:(\d+\.?\d*|\.\d+)$/.exec(text);
  const percentile = Number(found?.[1]);
  return percentile > 0 && percentile <= 100 ? { method: 'percentile', percentile } : null;
}

/** What a layer's scale depends on. */
export interface ScaleOptions {
  readonly method: ScaleMethod;
  /** For "percentile": 0 < P ≤ 100. */
  readonly percentile: number;
  /** For "mse": the words whose error counts. */
  readonly phaseBits: number;
}

/**
 * λ of one layer. The maximum where the percentile is 0, 1 for a layer that was silent; never above a clip of the graph.
 * @param ceiling upper bound of the activation in the graph, Infinity for ReLU
 * @throws ConversionError for "bound" on a layer without a clip, OptionError for a percentile out of range
 */
export function layerScale(name: string, statistics: LayerStatistics, ceiling: number, options: ScaleOptions): number {
  const { method, percentile: P, phaseBits } = options;
  if (method === 'bound') {
    if (Number.isFinite(ceiling)) return ceiling;
    throw new ConversionError(
      'no-bound',
      `layer "${name}"`,
      'its activation has no upper bound in the graph',
      'choose another scale: percentile, max or mse',
    );
  }
  if (!(P > 0 && P <= 100)) throw new OptionError('percentile', 'percentile', `${P} is not in (0, 100]`, '99.9 is a good start');
  const largest = maximum(statistics);
  const scale = method === 'max' ? largest : method === 'mse' ? leastError(statistics, phaseBits) : percentile(statistics, P);
  return Math.min(scale || largest || 1, ceiling);
}

/** The P-th percentile of all values, zeros included, interpolated within its bin. */
export function percentile({ count, bins }: LayerStatistics, P: number): number {
  const positive = bins.reduce((sum, n) => sum + n, 0);
  const rank = (P / 100) * count;
  let below = count - positive;
  if (rank <= below) return 0;
  for (let bin = 0; bin < BINS; bin++) {
    if (below + bins[bin] >= rank) return binEdge(bin) + ((binEdge(bin + 1) - binEdge(bin)) * (rank - below)) / bins[bin];
    below += bins[bin];
  }
  return maximum({ count, bins });
}

/** The greatest value, to the width of a bin; 0 where no value is positive. */
export function maximum({ bins }: LayerStatistics): number {
  const bin = bins.findLastIndex((n) => n > 0);
  return bin < 0 ? 0 : binEdge(bin + 1);
}

/** The λ with the least squared error of the K-bit word over positive values: 60 points between 0.15 and 1 of the maximum. */
function leastError(statistics: LayerStatistics, phaseBits: number): number {
  const POINTS = 60;
  const LOWEST = 0.15;
  const largest = maximum(statistics);
  const values: { value: number; n: number }[] = [];
  statistics.bins.forEach((n, bin) => {
    if (n > 0) values.push({ value: (binEdge(bin) + binEdge(bin + 1)) / 2, n });
  });
  let best = { scale: largest, error: Infinity };
  for (let i = 0; i < POINTS; i++) {
    const scale = largest * (LOWEST + ((1 - LOWEST) * i) / (POINTS - 1));
    const unit = scale / 2 ** phaseBits;
    const error = values.reduce((sum, { value, n }) => {
      const word = Math.min(Math.floor(value / unit + 0.5), 2 ** phaseBits - 1);
      return sum + n * (value - word * unit) ** 2;
    }, 0);
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}
