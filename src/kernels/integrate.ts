import { areaOf, tilesOf } from './geometry.ts';
import { layerDispatch, membraneVariant, type TrainContext, type TrainDispatch, type TrainLayer, type When } from './trains.ts';

/** Membranes of a layer over a chunk of steps in which currents come in or not (`shaders/integrate.wgsl`). */
export const integrate = ({ model, batch }: TrainContext, one: TrainLayer, receives: boolean, when: When): TrainDispatch => ({
  ...layerDispatch(one),
  kernel: 'integrate',
  variant: { ...membraneVariant(model, one), receives, broadcast: true },
  parameters: { ...one.parameters, receives: receives ? 1 : 0 },
  invocations: areaOf(one.layer.shape) * batch,
  tiles: tilesOf(one.layer.shape.channels),
  when,
});
