import { type AnnReadout, type AnnTerm, INPUT, type Shape, type Window } from '../ann/ann.ts';
import { ConversionError } from '../errors.ts';
import { GRID_BITS, type SpikingInput, type SpikingTerm, SUM_LIMIT, TERM_BITS, WEIGHT_LIMIT } from '../network/network.ts';
import { round } from '../network/round.ts';
import type { Units } from '../network/units.ts';

/** The integer grid of one layer (specification, section 3). */
export interface LayerGrid {
  readonly gridBits: Int8Array;
  readonly bias: Int32Array;
  /** Of each term: its weights, and how far its sums are shifted, a channel. */
  readonly terms: readonly Pick<SpikingTerm, 'operator' | 'shifts'>[];
}

/** The real weights of one output channel in output units, m_i, of one term. */
interface Row {
  readonly units: Float64Array;
  /** The source's largest word. */
  readonly max: number;
  /** Convolution weights must fit 8 bits; an identity's weight need not. */
  readonly limit: number;
}

/** What a layer's sums are read in, and how much of its words there may be. */
export interface Output {
  /** λ/2^K, a channel. */
  readonly unit: ArrayLike<number>;
  /** K. */
  readonly phases: number;
}

/**
 * Puts a layer's weights on the integer grid: each term of a channel on the finest with which its weights fit 8 bits, θ = 2^g on the
 * finest of these, coarser terms shifted to it; g and the finest terms go down until every wave's sum stays below 2^30.
 * @param name the layer, for errors
 * @param bias real bias a channel, with what the input's rounding left over already folded in
 * @throws ConversionError where a term would need h < −8, or a channel's sums have no room
 */
export function quantizeLayer(
  name: string,
  terms: readonly AnnTerm[],
  sources: readonly Units[],
  bias: ArrayLike<number>,
  output: Output,
): LayerGrid {
  const channels = bias.length;
  const { gridBits, bias: integerBias, terms: integers } = emptyGrid(terms, channels);
  for (let o = 0; o < channels; o++) {
    const rows = terms.map((term, i) => rowOf(term, sources[i], o, channels, output.unit[o]));
    const b = bias[o] / output.unit[o];
    const { g, h } = gridOf(rows, b, output.phases, `layer "${name}", channel ${o}`);
    gridBits[o] = g;
    integerBias[o] = round(b * 2 ** g);
    rows.forEach(({ units }, t) => {
      integers[t].shifts[o] = g - h[t];
      units.forEach((m, j) => {
        integers[t].operator.weights[o * units.length + j] = round(m * 2 ** h[t]);
      });
    });
  }
  return { gridBits, bias: integerBias, terms: integers };
}

/** A grid whose integers all are 0. */
export const emptyGrid = (terms: readonly AnnTerm[], channels: number): LayerGrid => ({
  gridBits: new Int8Array(channels),
  bias: new Int32Array(channels),
  terms: terms.map((term) => ({ operator: emptyOperator(term, channels), shifts: new Int8Array(channels) })),
});

const emptyOperator = ({ operator }: AnnTerm, channels: number): SpikingTerm['operator'] =>
  operator.type === 'identity'
    ? { type: 'identity', weights: new Int32Array(channels) }
    : { ...operator, weights: new Int8Array(operator.weights.length) };

/** m_i = W_i · (unit of the source) / (unit of the output), for one output channel. */
export function rowOf(term: AnnTerm, source: Units, o: number, channels: number, outputUnit: number): Row {
  const { operator } = term;
  if (operator.type === 'identity') {
    return { units: Float64Array.of((operator.weights[o] * source.unit[o]) / outputUnit), max: source.most, limit: SUM_LIMIT };
  }
  const inputs = source.shape.channels / operator.groups;
  const first = Math.floor(o / (channels / operator.groups)) * inputs;
  const area = kernelArea(operator.window);
  const row = operator.weights.subarray(o * inputs * area, (o + 1) * inputs * area);
  const units = Float64Array.from(row, (w, j) => (w * source.unit[first + Math.floor(j / area)]) / outputUnit);
  return { units, max: source.most, limit: WEIGHT_LIMIT };
}

const kernelArea = (window: Window): number => window.kernel[0] * window.kernel[1];

/** g of a channel and h of its terms: the finest that hold the bounds of section 3, checked on the rounded integers. */
function gridOf(rows: readonly Row[], bias: number, phases: number, where: string): { g: number; h: number[] } {
  const h = rows.map((row) => largestTermBits(row, mostTermBits(phases)));
  // an identity takes whatever bits the others leave: it alone does not make the grid finer
  const convolutions = h.filter((_, t) => rows[t].limit === WEIGHT_LIMIT);
  let g = Math.max(GRID_BITS.min, ...(convolutions.length > 0 ? convolutions : h));
  for (; ; g--) {
    const bits = h.map((own) => Math.min(own, g));
    if (bits.some((own) => own < TERM_BITS.min) || g < GRID_BITS.min) break;
    if (fits(rows, bias, g, bits)) return { g, h: bits };
  }
  throw new ConversionError(
    'grid-too-coarse',
    where,
    `weights are too large for the integer grid (2^${TERM_BITS.min} of a word at the coarsest)`,
    'use a scale that does not cut this layer so low (a higher percentile), or rescale the weights',
  );
}

/** The largest g, and h, with words of so many bits: θ·2^K < 2^30. */
export const mostTermBits = (phases: number): number => Math.min(GRID_BITS.max, 29 - phases);

/** The largest h with which all weights of a row are within its limit when they are rounded; `most` where all are 0. */
export function largestTermBits({ units, limit }: Row, most: number): number {
  const largest = units.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
  if (largest === 0) return most;
  let h = Math.min(most, Math.floor(Math.log2(limit / largest)) + 1);
  while (round(largest * 2 ** h) > limit) h--;
  return h;
}

/** Whether a wave brings less than 2^30. */
function fits(rows: readonly Row[], bias: number, g: number, h: readonly number[]): boolean {
  let sum = Math.abs(round(bias * 2 ** g));
  rows.forEach(({ units, max }, t) => {
    const total = units.reduce((all, m) => all + Math.abs(round(m * 2 ** h[t])), 0);
    sum += total * max * 2 ** (g - h[t]);
  });
  return sum < SUM_LIMIT;
}

/** Biases, a channel, with what the rounding of 255·mean left over folded in where a layer reads the pixels (section 7). */
export function foldedBias({ terms, bias }: Pick<AnnReadout, 'terms' | 'bias'>, input: SpikingInput): Float64Array {
  const remainders = input.mean.map((m, c) => (255 * m - input.units.zero[c]) / (255 * input.std[c]));
  return Float64Array.from(bias, (b, o) =>
    terms.reduce((sum, term) => sum + inputRemainder(term, input.shape, remainders, o, bias.length), b),
  );
}

/** What the rounding of 255·mean left over, of one term and channel. @param shape of the input */
export function inputRemainder(term: AnnTerm, shape: Shape, remainders: readonly number[], o: number, channels: number): number {
  if (term.source !== INPUT) return 0;
  const { operator } = term;
  if (operator.type === 'identity') return -operator.weights[o] * remainders[o];
  const inputs = shape.channels / operator.groups;
  const first = Math.floor(o / (channels / operator.groups)) * inputs;
  const area = kernelArea(operator.window);
  let sum = 0;
  for (let j = 0; j < inputs * area; j++) {
    sum -= operator.weights[o * inputs * area + j] * remainders[first + Math.floor(j / area)];
  }
  return sum;
}
