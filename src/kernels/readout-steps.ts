import { dense } from './fused.ts';
import type { Share } from './kernel.ts';
import { ALWAYS, membraneVariant, type TrainContext, type TrainDispatch, type TrainLayer } from './trains.ts';

/**
 * What every step brings, or of a window so far (`shaders/readout-steps.wgsl`): a dispatch for every share of the weights. In every chunk,
 * since a potential is written in every step, also before anything has come.
 */
export const readoutSteps = (context: TrainContext, one: TrainLayer, shares: readonly Share[]): TrainDispatch[] =>
  dense(context, one, shares).map((dispatch) => {
    const { windowed, driven } = membraneVariant(context.model, one);
    return { ...dispatch, kernel: 'readout-steps', variant: { ...dispatch.variant, windowed, driven }, when: ALWAYS };
  });
