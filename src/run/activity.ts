import { INPUT, shapeSize } from '../ann/ann.ts';
import type { Form } from '../kernels/trains.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { sendingSteps } from '../network/timetable.ts';
import type { NeuronModel } from '../neuron/model.ts';
import type { TrainsProgram } from '../plan/trains/plan.ts';

/**
 * Below this activity of its sources a layer is faster driven by spikes: bench suite `stepped` on llvmpipe, against `fused`, 4 % with
 * 64 channels, 1 % with 32, none with 16. GPUs have not been measured.
 */
export const CROSSOVER = 0.01;

/**
 * Which code should convolve each layer, from the spikes of one batch. Pure.
 * @param spikes of each layer over all steps and images of the batch
 * @param crossover activity (spikes a neuron and step in which it may fire) below which spikes drive
 */
export function formsOf(
  network: SpikingNetwork,
  plan: TrainsProgram,
  model: NeuronModel,
  spikes: readonly number[],
  images: number,
  crossover: number,
): Form[] {
  const activity: number[] = [];
  network.layers.forEach((layer, l) => {
    if (layer.kind === 'neurons') activity.push(spikes[l] / (shapeSize(layer.shape) * images * stepsOf(layer.depth, plan, model)));
    else activity.push(layer.kind === 'pool' && layer.source !== INPUT ? activity[layer.source] : 0);
  });
  return network.layers.map((layer): Form => {
    if (layer.kind === 'pool') return 'dense';
    const sources = layer.terms.filter(({ source }) => source !== INPUT).map(({ source }) => activity[source]);
    return sources.length > 0 && Math.max(...sources) < crossover ? 'spikes' : 'dense';
  });
}

/** Steps in which a layer of that depth may fire. */
const stepsOf = (depth: number, { timesteps, timetable }: TrainsProgram, { windowed }: NeuronModel): number =>
  windowed ? Math.max(1, sendingSteps(timetable, depth, timesteps)) : timesteps;
