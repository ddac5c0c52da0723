/** The bounds of section 3 of the specification, which keep every sum exact. */
import { MEMBRANE_LIMIT, SHIFTED_LIMIT, type SpikingNetwork, type SpikingNeurons, type SpikingReadout } from './network.ts';
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

/** The magnitude that a channel's bias may have within the bounds of section 3: what they leave beside the weights. */
export function biasRoom(
  network: SpikingNetwork,
  { kind, shape, gridBits, terms }: SpikingNeurons | SpikingReadout,
  o: number,
): number {
  const shifted = kind === 'neurons' ? SHIFTED_LIMIT * 2 ** Math.min(0, gridBits[o]) : MEMBRANE_LIMIT;
  const sum = terms.reduce(
    (most, { source, operator }) => most + rowOf(operator.weights, o, shape.channels).total * unitsOf(network, source).most,
    0,
  );
  return Math.max(0, Math.floor(Math.min(MEMBRANE_LIMIT, shifted)) - sum);
}
