import { shapeSize } from '../ann/ann.ts';
import { layerDispatch, onceAnImage, type TrainContext, type TrainDispatch, type TrainLayer } from './trains.ts';

/** Membranes before the first step (`shaders/start.wgsl`). */
export const start = (context: TrainContext, one: TrainLayer): TrainDispatch => ({
  ...layerDispatch(one),
  kernel: 'start',
  invocations: shapeSize(one.layer.shape) * context.batch,
  when: onceAnImage(context, one.layer.depth),
});
