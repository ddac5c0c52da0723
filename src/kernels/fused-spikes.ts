import { layerMacs } from '../network/work.ts';
import { areaOf, tilesOf } from './geometry.ts';
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

/** Convolution and membranes of a layer, driven by its spikes (`shaders/fused-spikes.wgsl`): a dispatch for every share of the weights. */
export const fusedSpikes = (context: TrainContext, one: TrainLayer, shares: readonly Share[], when: When): TrainDispatch[] =>
  shares.map((share) => ({
    ...layerDispatch(one),
    kernel: 'fused-spikes',
    // neighbours are channels of a place: they read different entries of the table
    variant: { ...membraneVariant(context.model, one), broadcast: false },
    parameters: { ...one.parameters, firstTile: share.first, tiles: share.tiles, ...spikeTerms(context, one, share.tiles) },
    ranges: { channels: one.table.range, events: share.range },
    invocations: share.tiles * areaOf(one.layer.shape) * context.batch,
    macs: (layerMacs(one.layer) * context.batch * share.tiles) / tilesOf(one.layer.shape.channels),
    when,
  }));
