import { shapeSize } from '../ann/ann.ts';
import { layerDispatch, type TrainContext, type TrainDispatch, type TrainLayer, type When } from './trains.ts';

/** Potentials after every step (`shaders/readout-steps.wgsl`). */
export const readoutSteps = ({ model, batch }: TrainContext, one: TrainLayer, receives: boolean, when: When): TrainDispatch => ({
  ...layerDispatch(one),
  kernel: 'readout-steps',
  variant: { neuron: model.shader, signed: model.signed },
  parameters: { ...one.parameters, receives: receives ? 1 : 0 },
  invocations: shapeSize(one.layer.shape) * batch,
  when,
});
