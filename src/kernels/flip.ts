import type { Span } from '../network/timetable.ts';
import { areaOf, tilesOf } from './geometry.ts';
import { ALWAYS, layerDispatch, type TrainContext, type TrainDispatch, type TrainLayer } from './trains.ts';

/** A window's end: clamp and state (`shaders/flip.wgsl`). @param during when the layer has something in its membranes */
export function flip({ network, batch }: TrainContext, one: TrainLayer, during: readonly Span[]): TrainDispatch {
  const { integrates, fires } = network.timetable.layers[one.layer.depth];
  return {
    ...layerDispatch(one),
    kernel: 'flip',
    invocations: tilesOf(one.layer.shape.channels) * areaOf(one.layer.shape) * batch,
    when: { ...ALWAYS, during, ends: [integrates, fires].map(({ first, steps }) => first + steps) },
  };
}
