import { OptionError } from '../../errors.ts';
import type { Form, When } from '../../kernels/trains.ts';
import { modelOf } from '../../neuron/neuron.ts';
import type { Pass } from '../program.ts';
import { type Chunk, cutSteps, isAmong, type Steps } from './chunks.ts';
import type { TrainsProgram } from './plan.ts';

/**
 * The passes of a batch: the steps in chunks, and for each chunk the dispatches that have something to do in it. Pure.
 * @param forms which code convolves each layer
 * @param checkpoints step counts T behind which something is looked at: `mark` of the pass that ends there
 * @param capacity steps of a pass, at most
 * @throws OptionError for checkpoints that are not within T
 */
export function passesOf(
  program: TrainsProgram,
  forms: readonly Form[],
  checkpoints: readonly number[] = [],
  capacity = program.capacity,
): Pass<Steps>[] {
  const { timesteps, phaseBits, dispatches, options } = program;
  const wrong = checkpoints.find((t) => !Number.isInteger(t) || t < 1 || t > timesteps);
  if (wrong !== undefined) {
    throw new OptionError('checkpoints', 'checkpoints', `${wrong} is not a step count from 1 to ${timesteps}`, 'correct it');
  }
  const chunks = cutSteps(timesteps, phaseBits, modelOf(options.neuron).windowed, capacity, checkpoints);
  return chunks.map((one, i) => {
    const active = dispatches.flatMap(({ when, layer }, d) => ((i === 0 && when.once) || runs(when, one, forms[layer]) ? [d] : []));
    return { chunk: one.chunk, dispatches: active, mark: one.mark };
  });
}

/** Whether a dispatch runs in a chunk. */
function runs({ once, form: needed, windows, except, atEnd }: When, { chunk, endsWindow }: Chunk, form: Form): boolean {
  if (once || (needed !== null && needed !== form) || (atEnd && !endsWindow)) return false;
  const among = (w: Parameters<typeof isAmong>[1]) => isAmong(chunk.window, w);
  return windows.some(among) && !except.some(among);
}
