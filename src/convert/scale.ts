import { binEdge, type Distribution } from '../ann/statistics.ts';
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
 * λ of a layer or a channel from what was measured of it: the maximum where the percentile is 0; never above a clip of the graph.
 * @param name of the layer
 * @param ceiling upper bound of the activation in the graph, Infinity for ReLU
 * @returns 0 where nothing was positive
 * @throws ConversionError for "bound" on a layer without a clip, OptionError for a percentile out of range
 */
export function scaleOf(name: string, distribution: Distribution, ceiling: number, options: ScaleOptions): number {
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
  const { largest } = distribution;
  const scale = method === 'max' ? largest : method === 'mse' ? leastError(distribution, phaseBits) : percentile(distribution, P);
  return Math.min(scale || largest, ceiling);
}

/** The P-th percentile of all values, zeros included, interpolated within its bin. */
export function percentile(distribution: Distribution, P: number): number {
  const { count, bins, largest } = distribution;
  const positive = bins.reduce((sum, n) => sum + n, 0);
  const rank = (P / 100) * count;
  let below = count - positive;
  if (rank <= below) return 0;
  for (const { from, to, n } of filled(distribution)) {
    if (below + n >= rank) return from + ((to - from) * (rank - below)) / n;
    below += n;
  }
  return largest;
}

/** Bins that have values, in order; the last one ends with the greatest value. */
function filled(distribution: Distribution): { readonly from: number; readonly to: number; readonly n: number }[] {
  const found: { from: number; to: number; n: number }[] = [];
  distribution.bins.forEach((n, bin) => {
    if (n === 0) return;
    const from = binEdge(distribution, bin);
    found.push({ from, to: Math.min(binEdge(distribution, bin + 1), distribution.largest), n });
  });
  return found;
}

/**
 * The λ with the least squared error of the K-bit word over positive values, of 60 between 0.15 and 1 of the maximum. Values are taken
 * to lie evenly within their bin, which may be wider than a unit of the word: the error is integrated over it.
 */
function leastError(distribution: Distribution, phaseBits: number): number {
  const POINTS = 60;
  const LOWEST = 0.15;
  const { largest } = distribution;
  const bins = filled(distribution);
  let best = { scale: largest, error: Infinity };
  for (let i = 0; i < POINTS; i++) {
    const scale = largest * (LOWEST + ((1 - LOWEST) * i) / (POINTS - 1));
    const unit = scale / 2 ** phaseBits;
    const error =
      bins.reduce((sum, { from, to, n }) => sum + n * meanError(from / unit, to / unit, 2 ** phaseBits - 1), 0) * unit ** 2;
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}

/** Mean of (v − word)² over values v from a to b, in units of the word. @param most the largest word */
function meanError(a: number, b: number, most: number): number {
  if (a === b) return (a - wordOf(a, most)) ** 2;
  return (summedError(b, most) - summedError(a, most)) / (b - a);
}

const wordOf = (value: number, most: number): number => Math.min(Math.floor(value + 0.5), most);

/** Integral of (v − word)² from 0 to a value: each unit that is passed brings 1/12. */
function summedError(value: number, most: number): number {
  const word = wordOf(value, most);
  const rest = value - word;
  return word / 12 + (rest * rest * rest) / 3;
}
