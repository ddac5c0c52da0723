import type { Shape } from '../ann/ann.ts';
import type { SpikingNetwork } from './network.ts';
import { holdSteps, sendingSteps } from './timetable.ts';

/**
 * Convolutions and linear layers that T steps of one image need: for each term the steps in which spikes can arrive from its
 * source. Neurons with windows send in their firing windows only (a term's synchronous neurons repeat them later); others in
 * every step. The input's current is the same in every step and computed once.
 */
export function convolutionsBy({ layers, timetable }: SpikingNetwork, t: number, windowed: boolean, synchronous: boolean): number {
  let count = 0;
  for (const layer of layers) {
    if (layer.kind === 'pool') continue;
    for (const { source, operator } of layer.terms) {
      if (operator.type === 'identity') continue;
      if (source < 0) count++;
      else if (!windowed) count += t;
      else {
        const { depth } = layers[source];
        count += sendingSteps(timetable, depth, t, synchronous ? holdSteps(timetable, depth, layer.depth) : 0);
      }
    }
  }
  return count;
}
/** A weighted layer, trained or spiking. */
interface Weighted {
  readonly shape: Shape;
  readonly terms: readonly { readonly operator: { readonly type: string; readonly weights: { readonly length: number } } }[];
}

/** Multiply-adds of a layer's convolutions for one image and wave, or step. */
export function layerMacs({ shape, terms }: Weighted): number {
  const area = shape.height * shape.width;
  return terms.reduce((sum, { operator }) => sum + (operator.type === 'identity' ? 0 : operator.weights.length * area), 0);
}
