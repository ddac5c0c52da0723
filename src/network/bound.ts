/** The bounds of section 3 of the specification, which keep every sum exact. */
import { type SpikingNetwork, type SpikingNeurons, type SpikingReadout, type SpikingTerm, SUM_LIMIT } from './network.ts';
import { unitsOf } from './units.ts';

/** Largest and summed magnitude of one channel's weights. */
export function rowOf(
  weights: Int8Array | Int32Array,
  o: number,
  channels: number,
): { readonly largest: number; readonly total: number } {
  const length = weights.length / channels;
  let largest = 0;
  let total = 0;
  for (let i = o * length; i < (o + 1) * length; i++) {
    const w = Math.abs(weights[i]);
    if (w > largest) largest = w;
    total += w;
  }
  return { largest, total };
}

/** What a term's sources send at most, in one sum. */
type Most = (term: SpikingTerm) => number;

/** The largest magnitude of a term's sum in one channel, before it is shifted: Σ |w| · most. */
export const termBound = (term: SpikingTerm, o: number, channels: number, most: number): number =>
  rowOf(term.operator.weights, o, channels).total * most;

/**
 * The largest magnitude of what comes to a membrane of channel o at once, Σ_t (Σ |w| · most) · 2^s_t + |b|.
 * @param most default: the largest word of each term's source, so that it is what a wave brings
 */
export const sumBound = (
  network: SpikingNetwork,
  { shape, bias, terms }: SpikingNeurons | SpikingReadout,
  o: number,
  most: Most = ({ source }) => unitsOf(network, source).most,
): number =>
  terms.reduce((sum, term) => sum + termBound(term, o, shape.channels, most(term)) * 2 ** term.shifts[o], Math.abs(bias[o]));

/** The magnitude that a channel's bias may have within the bounds of section 3: what they leave beside the weights. */
export const biasRoom = (network: SpikingNetwork, layer: SpikingNeurons | SpikingReadout, o: number): number =>
  Math.max(0, SUM_LIMIT - 1 - (sumBound(network, layer, o) - Math.abs(layer.bias[o])));
