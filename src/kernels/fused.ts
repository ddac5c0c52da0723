import { layerMacs } from '../network/work.ts';
import { arithmeticConditions } from './arithmetic.ts';
import { tilesOf } from './geometry.ts';
import type { Share } from './kernel.ts';
import {
  layerDispatch,
  membraneVariant,
  spikeTerms,
  type TrainContext,
  type TrainDispatch,
  type TrainLayer,
  type When,
} from './trains.ts';

/** Dense convolution and membranes of a layer (`shaders/fused.wgsl`): a dispatch for every share of the weights. */
export const fused = (context: TrainContext, one: TrainLayer, shares: readonly Share[], when: When): TrainDispatch[] =>
  dense(context, one, shares).map((dispatch) => ({
    ...dispatch,
    kernel: 'fused',
    variant: { ...dispatch.variant, ...membraneVariant(context.model, one) },
    when,
  }));

/** What dispatches that convolve densely have in common: one for every share of the weights. */
export function dense(context: TrainContext, one: TrainLayer, shares: readonly Share[]): Omit<TrainDispatch, 'kernel' | 'when'>[] {
  const { layer, parameters, arithmetic } = one;
  const own = { ...parameters, ...spikeTerms(context, one) };
  const macs = layerMacs(layer) * context.batch;
  return shares.map((share) => ({
    ...layerDispatch(one),
    variant: {
      neuron: context.model.shader,
      signed: context.model.signed,
      ...arithmeticConditions(arithmetic),
      uniformWeights: share.uniform,
      broadcast: share.uniform,
    },
    parameters: { ...own, firstTile: share.first, tiles: share.tiles },
    ranges: { channels: one.table.range, weights: share.range },
    invocations: parameters.lanes * parameters.tilesX * layer.shape.height,
    tiles: share.tiles,
    macs: (macs * share.tiles) / tilesOf(layer.shape.channels),
  }));
}
