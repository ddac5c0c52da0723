import { layerMacs } from '../network/work.ts';
import { areaOf, tilesOf } from './geometry.ts';
import type { Share } from './kernel.ts';
import { ALWAYS, layerDispatch, spikeTerms, type TrainContext, type TrainDispatch, type TrainLayer } from './trains.ts';

/** Spikes of a chunk → currents, driven by the spikes (`shaders/convolve-spikes.wgsl`): a dispatch for every share of the weights. */
export const convolveSpikes = (context: TrainContext, one: TrainLayer, shares: readonly Share[]): TrainDispatch[] =>
  shares.map((share) => ({
    ...layerDispatch(one),
    kernel: 'convolve-spikes',
    variant: { neuron: context.model.shader, signed: context.model.signed },
    parameters: { ...one.parameters, firstTile: share.first, tiles: share.tiles, ...spikeTerms(context, one, share.tiles) },
    ranges: { channels: one.table.range, events: share.range },
    invocations: share.tiles * areaOf(one.layer.shape) * context.batch,
    macs: (layerMacs(one.layer) * context.batch * share.tiles) / tilesOf(one.layer.shape.channels),
    when: { ...ALWAYS, during: one.receiving, form: 'spikes' },
  }));
