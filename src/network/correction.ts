import { biasRoom } from './bound.ts';
import type { SpikingNetwork, SpikingNeurons } from './network.ts';
import { round } from './round.ts';

/** Bias correction (specification, section 4): what becomes of a bias. Pure; the same for GPU and reference. */

/** Times that the biases of a layer are corrected: not once, since the floor and the clamp of a word are not linear. */
export const ROUNDS = 3;

/** What the trained network did on some images, and what the layer sent of it. */
export interface Measured {
  /** Sum of the trained network's activations, a channel, over all images and positions. */
  readonly activations: ArrayLike<number>;
  /** Sum of the first words, a channel: an integer. */
  readonly words: ArrayLike<number>;
  /** Images × positions. */
  readonly count: number;
}

/**
 * The biases after one round: what the mean word lacks of the mean activation is added, in units of V. Cut where the grid's bound is
 * reached, so that the network stays exact.
 *
 *     b + [(Σ a / unit − Σ word) / count · 2^g]
 */
export function correctedBias(
  network: SpikingNetwork,
  layer: SpikingNeurons,
  { activations, words, count }: Measured,
): Int32Array<ArrayBuffer> {
  return Int32Array.from(layer.bias, (bias, o) => {
    const lacking = (activations[o] / layer.units.unit[o] - words[o]) / count;
    const room = biasRoom(network, layer, o);
    return Math.min(Math.max(bias + round(lacking * 2 ** layer.gridBits[o]), -room), room);
  });
}

/** The network with other biases in one layer. */
export const withBias = (network: SpikingNetwork, l: number, bias: Int32Array): SpikingNetwork => ({
  ...network,
  layers: network.layers.map((layer, i) => (i === l && layer.kind !== 'pool' ? { ...layer, bias } : layer)),
});
