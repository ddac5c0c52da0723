import { areaOf, tilesOf } from './geometry.ts';
import { layerDispatch, membraneVariant, type TrainContext, type TrainDispatch, type TrainLayer, type When } from './trains.ts';

/** Membranes of a layer over a chunk of steps in which no spikes come (`shaders/integrate.wgsl`). */
export const integrate = ({ model, batch }: TrainContext, one: TrainLayer, when: When): TrainDispatch => ({
  ...layerDispatch(one),
  kernel: 'integrate',
  variant: { ...membraneVariant(model, one), broadcast: true },
  invocations: areaOf(one.layer.shape) * batch,
  tiles: tilesOf(one.layer.shape.channels),
  when,
});
