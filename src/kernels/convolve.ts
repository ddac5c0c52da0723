import { layerMacs } from '../network/work.ts';
import { arithmeticConditions } from './arithmetic.ts';
import { tilesOf } from './geometry.ts';
import type { Share } from './kernel.ts';
import {
  ALWAYS,
  layerDispatch,
  membraneVariant,
  spikeTerms,
  type TrainContext,
  type TrainDispatch,
  type TrainLayer,
} from './trains.ts';

/** Spikes of a chunk → currents, densely (`shaders/convolve.wgsl`): a dispatch for every share of the weights. */
export const convolve = (context: TrainContext, one: TrainLayer, shares: readonly Share[]): TrainDispatch[] =>
  dense(context, one, shares, 'convolve').map((dispatch) => ({
    ...dispatch,
    when: { ...ALWAYS, during: one.receiving, form: 'dense' },
  }));

/** Convolution and membranes in one (`shaders/fused.wgsl`). Neurons without windows have no other way, where they have this one. */
export const fused = (context: TrainContext, one: TrainLayer, shares: readonly Share[]): TrainDispatch[] =>
  dense(context, one, shares, 'fused').map((dispatch) => ({
    ...dispatch,
    variant: { ...dispatch.variant, ...membraneVariant(context.model, one) },
    when: { ...ALWAYS, during: one.receiving, form: context.model.windowed ? 'dense' : null },
  }));

function dense(
  context: TrainContext,
  one: TrainLayer,
  shares: readonly Share[],
  kernel: 'convolve' | 'fused',
): Omit<TrainDispatch, 'when'>[] {
  const { layer, parameters, arithmetic } = one;
  const own = { ...parameters, receives: 1, ...spikeTerms(context, one) };
  const macs = layerMacs(layer) * context.batch;
  return shares.map((share) => ({
    ...layerDispatch(one),
    kernel,
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
