import { shapeSize } from '../ann/ann.ts';
import { layerDispatch, ONCE, type TrainContext, type TrainDispatch, type TrainLayer } from './trains.ts';

/** Membranes before the first step (`shaders/start.wgsl`). */
export const start = ({ batch }: TrainContext, one: TrainLayer): TrainDispatch => ({
  ...layerDispatch(one),
  kernel: 'start',
  invocations: shapeSize(one.layer.shape) * batch,
  when: ONCE,
});
