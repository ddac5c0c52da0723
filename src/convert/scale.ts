import { binEdge, type Distribution } from '../ann/statistics.ts';
import { type Check, number } from '../checks.ts';
import { ConversionError, OptionError } from '../errors.ts';

/** How λ is chosen from a layer's activations (specification, section 4). */
export const SCALE_METHODS = ['percentile', 'max', 'mse', 'bound'] as const;
export type ScaleMethod = (typeof SCALE_METHODS)[number];

/** For "percentile": P. */
export const PERCENTILE: Check = number('above 0 and at most 100', (P) => P > 0 && P <= 100, '99.9 is a good start');

/** How scales and biases come about where nothing else is said: what lost least on all networks at hand (docs/results.md). */
export const WAY = { scale: 'mse', percentile: 99.9, perChannel: true, correctBias: true } as const;

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
  let positive = 0;
  for (const n of bins) positive += n;
  const rank = (P / 100) * count;
  let below = count - positive;
  if (rank <= below) return 0;
  for (const { from, to, n } of filled(distribution)) {
    if (below + n >= rank) return from + ((to - from) * (rank - below)) / n;
    below += n;
  }
  return largest;
}

/** Where the values of a bin lie, and how many. */
interface Bin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
}

/** Bins that have values, in order; the last one ends with the greatest value. */
function filled(distribution: Distribution): Bin[] {
  const found: Bin[] = [];
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
    const error = squaredError(bins, scale / 2 ** phaseBits, 2 ** phaseBits - 1);
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}

/** Σ (v − word)² over the values of bins. @param most the largest word */
function squaredError(bins: readonly Bin[], unit: number, most: number): number {
  const words = 1 / unit;
  let sum = 0;
  let end = 0;
  let errorToEnd = 0;
  for (const { from, to, n } of bins) {
    const a = from * words;
    const b = to * words;
    // a bin begins where the one before ended, unless there are empty ones between
    const before = a === end ? errorToEnd : errorTo(a, most);
    end = b;
    errorToEnd = errorTo(b, most);
    sum += n * (a < b ? (errorToEnd - before) / (b - a) : (a - wordOf(a, most)) ** 2);
  }
  return sum * unit * unit;
}

const wordOf = (value: number, most: number): number => Math.min(Math.floor(value + 0.5), most);

/** Integral of (v − word)² from 0 to a value, in units of the word: each unit that is passed brings 1/12. */
function errorTo(value: number, most: number): number {
  const word = wordOf(value, most);
  const rest = value - word;
  return word / 12 + (rest * rest * rest) / 3;
}
