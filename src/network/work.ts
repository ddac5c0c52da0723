import type { SpikingNetwork, SpikingNeurons, SpikingReadout } from './network.ts';

/**
 * Convolutions and linear layers that T steps of one image need: for each term the steps in which spikes can arrive from its
 * source. Neurons with windows send in every other window only, from their depth on (a term's synchronous neurons repeat them
 * later); others in every step. The input's current is the same in every step and computed once.
 */
export function convolutionsBy(network: SpikingNetwork, t: number, windowed: boolean, synchronous: boolean): number {
  const K = network.phaseBits;
  let count = 0;
  for (const layer of network.layers) {
    if (layer.kind === 'pool') continue;
    for (const { source, delay, operator } of layer.terms) {
      if (operator.type === 'identity') continue;
      if (source < 0) count++;
      else if (!windowed) count += t;
      else count += stepsOf(K, network.layers[source].depth + (synchronous ? delay : 0), t);
    }
  }
  return count;
}

/** Steps before T in windows first, first + 2, … */
function stepsOf(K: number, first: number, t: number): number {
  const since = Math.max(0, t - K * first);
  return Math.floor(since / (2 * K)) * K + Math.min(K, since % (2 * K));
}

/** Multiply-adds of a layer's convolutions for one image and wave, or step. */
export function layerMacs({ shape, terms }: SpikingNeurons | SpikingReadout): number {
  const area = shape.height * shape.width;
  return terms.reduce((sum, { operator }) => sum + (operator.type === 'identity' ? 0 : operator.weights.length * area), 0);
}
