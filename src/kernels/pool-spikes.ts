import { sourceShape } from '../ann/ann.ts';
import type { SpikingPool } from '../network/network.ts';
import { remembers } from '../neuron/model.ts';
import type { Train } from '../plan/trains/layout.ts';
import { areaOf, tilesOf, windowParameters } from './geometry.ts';
import { PLAIN } from './kernel.ts';
import { ALWAYS, from, linesOf, type TrainContext, type TrainDispatch, timesOf } from './trains.ts';

/** Passes spikes of windows on (`shaders/pool-spikes.wgsl`). */
export function poolSpikes(context: TrainContext, layer: SpikingPool, l: number): TrainDispatch {
  const { network, model, layout, batch } = context;
  const source = layout.trains[layer.source] as Train;
  const shape = sourceShape(network, layer.source);
  const train = layout.trains[l] as Train;
  const sum = layer.mode === 'sum';
  const { first, offset, period, window } = timesOf(context, l);
  return {
    ...PLAIN,
    kernel: 'pool-spikes',
    layer: l,
    name: layer.name,
    variant: {
      sum,
      byValue: !sum && model.maximum !== 'word',
      remembers: remembers(model),
      signed: model.signed,
    },
    parameters: {
      ...layer.shape,
      batch,
      source: source.first,
      sourceGroupStride: source.groupStride,
      sourcePlanes: source.planes,
      sourceHeight: shape.height,
      sourceWidth: shape.width,
      destination: train.first,
      groupStride: train.groupStride,
      planes: train.planes,
      memory: Math.max(0, layout.poolMemory[l]),
      offset,
      period,
      window,
      ...windowParameters(layer.window),
      ...linesOf(context, l),
    },
    invocations: tilesOf(layer.shape.channels) * areaOf(layer.shape) * batch,
    when: { ...ALWAYS, during: [from(first + window)] },
  };
}
