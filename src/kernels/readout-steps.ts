import { shapeSize } from '../ann/ann.ts';
import { layerDispatch, type TrainContext, type TrainDispatch, type TrainLayer, type When } from './trains.ts';

/** What every step brings, or of a window so far (`shaders/readout-steps.wgsl`). */
export const readoutSteps = ({ model, batch }: TrainContext, one: TrainLayer, receives: boolean, when: When): TrainDispatch => ({
  ...layerDispatch(one),
  kernel: 'readout-steps',
  variant: { neuron: model.shader, signed: model.signed, windowed: model.windowed },
  parameters: { ...one.parameters, receives: receives ? 1 : 0 },
  invocations: shapeSize(one.layer.shape) * batch,
  when,
});
