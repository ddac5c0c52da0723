import { areaOf } from './geometry.ts';
import type { Share } from './kernel.ts';
import { layerDispatch, ONCE, type TrainContext, type TrainDispatch, type TrainLayer } from './trains.ts';

/** Image → drive of every neuron that reads the pixels, once a batch (`shaders/inject.wgsl`). */
export const inject = ({ batch }: TrainContext, one: TrainLayer, shares: readonly Share[]): TrainDispatch[] =>
  shares.map((share) => ({
    ...layerDispatch(one),
    kernel: 'inject',
    parameters: {
      ...one.parameters,
      firstTile: share.first,
      tiles: share.tiles,
      terms: one.pixelTerms.length,
      term: one.pixelTerms,
    },
    ranges: { channels: one.table.range, weights: share.range },
    invocations: areaOf(one.layer.shape) * batch,
    tiles: share.tiles,
    when: ONCE,
  }));
