import { sourceShape } from '../ann/ann.ts';
import type { SpikingPool } from '../network/network.ts';
import type { Train } from '../plan/trains/layout.ts';
import { areaOf, tilesOf, windowParameters } from './geometry.ts';
import { PLAIN } from './kernel.ts';
import { ALWAYS, EVERY_WINDOW, type TrainContext, type TrainDispatch } from './trains.ts';

/** Passes spikes of windows on (`shaders/pool-spikes.wgsl`). */
export function poolSpikes({ network, model, layout, batch }: TrainContext, layer: SpikingPool, l: number): TrainDispatch {
  const source = layout.trains[layer.source] as Train;
  const from = sourceShape(network, layer.source);
  const train = layout.trains[l] as Train;
  const sum = layer.mode === 'sum';
  return {
    ...PLAIN,
    kernel: 'pool-spikes',
    layer: l,
    name: layer.name,
    variant: { sum, byCount: !sum && model.maximum === 'count' },
    parameters: {
      ...layer.shape,
      batch,
      source: source.first,
      sourceGroupStride: source.groupStride,
      sourcePlanes: source.planes,
      sourceHeight: from.height,
      sourceWidth: from.width,
      destination: train.first,
      groupStride: train.groupStride,
      planes: train.planes,
      memory: Math.max(0, layout.poolMemory[l]),
      phaseBits: network.phaseBits,
      ...windowParameters(layer.window),
    },
    invocations: tilesOf(layer.shape.channels) * areaOf(layer.shape) * batch,
    when: { ...ALWAYS, windows: model.windowed ? [{ first: layer.depth, every: 1 }] : EVERY_WINDOW },
  };
}
