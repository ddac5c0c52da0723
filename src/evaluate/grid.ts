import type { AnnTerm } from '../ann/ann.ts';
import { sourceShape } from '../ann/ann.ts';
import { rowOf, sumBound } from '../network/bound.ts';
import { type SpikingNetwork, type SpikingNeurons, type SpikingReadout, SUM_LIMIT } from '../network/network.ts';
import { unitsOf } from '../network/units.ts';

/** What the integer grid (specification, section 3) makes of a layer: all that inspection and explanation ask of it. */

/** A layer on the grid. */
export type GridLayer = SpikingNeurons | SpikingReadout;
type GridTerm = GridLayer['terms'][number];

/** How well a layer fits its grid. */
export interface GridFigures {
  /** Least and greatest g of the channels. */
  readonly gridBits: readonly [min: number, max: number];
  /**
   * Bits that weights make use of, with their sign: 1 + log2(largest magnitude + 1) of a channel's weights in one term, 8 at most,
   * since those of identities may be larger; what finer terms add to them is not counted. Rows of zeros are left out; null where there are no others.
   */
  readonly weightBits: { readonly least: number; readonly median: number } | null;
  /** Rows of a term's weights, one an output channel, and those that are all 0. */
  readonly rows: number;
  readonly zeroRows: number;
  /** log2 of the largest sum that a wave can bring to a channel, Σ_t (Σ |w| · largest word) · 2^s + |b|, and of what it may bring. */
  readonly boundBits: number;
  readonly limitBits: number;
}

/** Of a weight of a convolution. */
const MOST_BITS = 8;

/** Weights below this many bits are too coarse to stand for those of the trained network. */
export const FEWEST_BITS = 6;

/** Activation (of the readout: logit) that 1 of a channel's membrane stands for. */
export const membraneUnit = ({ kind, units, gridBits }: GridLayer, o: number): number =>
  kind === 'readout' ? units.unit[o] : units.unit[o] * 2 ** -gridBits[o];

/** A term in real weights: those that the integers stand for. */
export function realTerm(network: SpikingNetwork, layer: GridLayer, term: GridTerm): AnnTerm {
  const { source, operator } = term;
  const { channels } = layer.shape;
  const { unit } = unitsOf(network, source);
  const step = Float64Array.from({ length: channels }, (_, o) => membraneUnit(layer, o) * 2 ** term.shifts[o]);
  if (operator.type === 'identity') {
    return {
      source,
      operator: { type: 'identity', weights: Float32Array.from(operator.weights, (w, o) => (w * step[o]) / unit[o]) },
    };
  }
  const inputs = sourceShape(network, source).channels / operator.groups;
  const area = operator.window.kernel[0] * operator.window.kernel[1];
  const weights = Float32Array.from(operator.weights, (w, i) => {
    const o = Math.floor(i / area / inputs);
    const first = Math.floor(o / (channels / operator.groups)) * inputs;
    return (w * step[o]) / unit[first + (Math.floor(i / area) % inputs)];
  });
  return { source, operator: { ...operator, weights } };
}

/** A layer's biases in real numbers. */
export const realBias = (layer: GridLayer): Float32Array => Float32Array.from(layer.bias, (b, o) => b * membraneUnit(layer, o));

/** Whether a term is what the weights of a coarser one left over, in a layer of finer weights. */
const refines = (term: GridTerm, coarser: GridTerm): boolean =>
  term.source === coarser.source &&
  term.operator.type === 'convolution' &&
  coarser.operator.type === 'convolution' &&
  JSON.stringify(term.operator.window) === JSON.stringify(coarser.operator.window) &&
  term.shifts.every((s, o) => s <= coarser.shifts[o]);

/** The figures of one layer. */
export function gridFigures(network: SpikingNetwork, layer: GridLayer): GridFigures {
  const { channels } = layer.shape;
  const terms = layer.terms.filter((term, t) => !layer.terms.slice(0, t).some((coarser) => refines(term, coarser)));
  const bits: number[] = [];
  let [rows, sum] = [0, 1];
  for (let o = 0; o < channels; o++) {
    for (const term of terms) {
      const { largest } = rowOf(term.operator.weights, o, channels);
      if (largest > 0) bits.push(Math.min(MOST_BITS, 1 + Math.log2(largest + 1)));
      rows++;
    }
    sum = Math.max(sum, sumBound(network, layer, o));
  }
  bits.sort((a, b) => a - b);
  return {
    gridBits: [layer.gridBits.reduce((a, b) => Math.min(a, b)), layer.gridBits.reduce((a, b) => Math.max(a, b))],
    weightBits: bits.length === 0 ? null : { least: bits[0], median: bits[bits.length >> 1] },
    rows,
    zeroRows: rows - bits.length,
    boundBits: Math.log2(sum),
    limitBits: Math.log2(SUM_LIMIT),
  };
}
