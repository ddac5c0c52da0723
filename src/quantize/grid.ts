import type { AnnTerm } from '../ann/ann.ts';
import { INPUT, type Shape, type Window } from '../ann/ann.ts';
import { ConversionError } from '../errors.ts';
import { GRID_BITS, MEMBRANE_LIMIT, type SpikingTerm, WEIGHT_LIMIT } from '../network/network.ts';
import { round } from '../network/round.ts';
import type { Units } from '../network/units.ts';

/** The integer grid of one layer (specification, section 3). */
export interface LayerGrid {
  readonly gridBits: Int8Array;
  readonly bias: Int32Array;
  readonly operators: readonly SpikingTerm['operator'][];
}

/** The real weights of one output channel in output units, m_i, of one term. */
interface Row {
  readonly units: Float64Array;
  readonly max: number;
  /** Convolution weights must fit 8 bits; an identity's weight need not. */
  readonly limit: number;
}

/**
 * Puts a layer's weights on the integer grid: per output channel the largest θ = 2^g with which every weight fits 8 bits
 * and every sum stays within 2^23.
 * @param name the layer, for errors
 * @param bias real bias a channel, with what the input's rounding left over already folded in
 * @param outputUnit λ/2^K of this layer, a channel
 * @throws ConversionError where a channel would need g < −8
 */
export function quantizeLayer(
  name: string,
  terms: readonly AnnTerm[],
  sources: readonly Units[],
  bias: ArrayLike<number>,
  outputUnit: ArrayLike<number>,
): LayerGrid {
  const channels = bias.length;
  const gridBits = new Int8Array(channels);
  const integerBias = new Int32Array(channels);
  const operators = terms.map((term): SpikingTerm['operator'] =>
    term.operator.type === 'identity'
      ? { type: 'identity', weights: new Int32Array(channels) }
      : { ...term.operator, weights: new Int8Array(term.operator.weights.length) },
  );
  for (let o = 0; o < channels; o++) {
    const rows = terms.map((term, i) => rowOf(term, sources[i], o, channels, outputUnit[o]));
    const b = bias[o] / outputUnit[o];
    const g = largestGridBits(rows, b);
    if (g < GRID_BITS.min) {
      throw new ConversionError(
        'grid-too-coarse',
        `layer "${name}", channel ${o}`,
        `weights are too large for the integer grid (g = ${g}, at least ${GRID_BITS.min})`,
        'use a scale that does not cut this layer so low (a higher percentile), or rescale the weights',
      );
    }
    gridBits[o] = g;
    integerBias[o] = round(b * 2 ** g);
    rows.forEach((row, i) => {
      const length = row.units.length;
      row.units.forEach((m, j) => {
        operators[i].weights[o * length + j] = round(m * 2 ** g);
      });
    });
  }
  return { gridBits, bias: integerBias, operators };
}

/** m_i = W_i · (unit of the source) / (unit of the output), for one output channel. */
function rowOf(term: AnnTerm, source: Units, o: number, channels: number, outputUnit: number): Row {
  const { operator } = term;
  if (operator.type === 'identity') {
    return { units: Float64Array.of((operator.weights[o] * source.unit[o]) / outputUnit), max: source.most, limit: MEMBRANE_LIMIT };
  }
  const inputs = source.shape.channels / operator.groups;
  const first = Math.floor(o / (channels / operator.groups)) * inputs;
  const area = kernelArea(operator.window);
  const row = operator.weights.subarray(o * inputs * area, (o + 1) * inputs * area);
  const units = Float64Array.from(row, (w, j) => (w * source.unit[first + Math.floor(j / area)]) / outputUnit);
  return { units, max: source.most, limit: WEIGHT_LIMIT };
}

const kernelArea = (window: Window): number => window.kernel[0] * window.kernel[1];

/** The largest g that satisfies both bounds of section 3, checked on the rounded integers as well. */
function largestGridBits(rows: readonly Row[], bias: number): number {
  let sum = Math.abs(bias);
  let g: number = GRID_BITS.max;
  for (const { units, max, limit } of rows) {
    const largest = units.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
    if (largest > 0) g = Math.min(g, Math.floor(Math.log2(limit / largest)));
    sum += units.reduce((s, w) => s + Math.abs(w) * max, 0);
  }
  if (sum > 0) g = Math.min(g, Math.floor(Math.log2(MEMBRANE_LIMIT / sum)));
  while (g >= GRID_BITS.min && !fits(rows, bias, g)) g--;
  return g;
}

function fits(rows: readonly Row[], bias: number, g: number): boolean {
  let sum = Math.abs(round(bias * 2 ** g));
  for (const { units, max, limit } of rows) {
    for (const m of units) {
      const w = Math.abs(round(m * 2 ** g));
      if (w > limit) return false;
      sum += w * max;
    }
  }
  // where g < 0 the membrane counts in units of θ: currents are shifted left and must still fit i32 with room to add
  return sum <= MEMBRANE_LIMIT && sum * 2 ** Math.max(0, -g) <= 2 ** 30;
}

/** What the rounding of 255·mean left over, folded into the bias of a layer that reads the pixels (section 7). */
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
