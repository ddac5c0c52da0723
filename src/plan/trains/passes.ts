import { OptionError } from '../../errors.ts';
import type { Form, When } from '../../kernels/trains.ts';
import { ruleOf } from '../../neuron/neuron.ts';
import type { Pass } from '../program.ts';
import { cutSteps, isWithin, type Steps } from './chunks.ts';
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
  const { timesteps, timetable, dispatches, options } = program;
  const wrong = checkpoints.find((t) => !Number.isInteger(t) || t < 1 || t > timesteps);
  if (wrong !== undefined) {
    throw new OptionError('checkpoints', 'checkpoints', `${wrong} is not a step count from 1 to ${timesteps}`, 'correct it');
  }
  const chunks = cutSteps(timesteps, ruleOf(options.neuron).windowed ? timetable : null, capacity, checkpoints);
  return chunks.map(({ chunk, mark }) => {
    const due = dispatches.flatMap(({ when, layer }, d) => (isDue(when, chunk, timetable.period, forms[layer]) ? [d] : []));
    return { chunk, dispatches: due, mark };
  });
}

/** Whether a dispatch has something to do in a chunk. */
export function isDue({ once, form: needed, during, except }: When, { step }: Steps, period: number, form: Form): boolean {
  if (once) return step === 0;
  if (needed !== null && needed !== form) return false;
  return during.some((span) => isWithin(step, span, period)) && !except.some((span) => isWithin(step, span, period));
}
