import type { Windows } from '../plan/trains/chunks.ts';
import { areaOf, tilesOf } from './geometry.ts';
import { ALWAYS, layerDispatch, type TrainContext, type TrainDispatch, type TrainLayer } from './trains.ts';

/** A window's end: clamp and state (`shaders/flip.wgsl`). */
export const flip = ({ batch }: TrainContext, one: TrainLayer, windows: readonly Windows[]): TrainDispatch => ({
  ...layerDispatch(one),
  kernel: 'flip',
  invocations: tilesOf(one.layer.shape.channels) * areaOf(one.layer.shape) * batch,
  when: { ...ALWAYS, windows, atEnd: true },
});
