import type { RunResult } from '../run/session.ts';
import { type Accuracy, accuracy } from './accuracy.ts';

/** Accuracy if the class were read after `t` steps from the image's onset. */
export interface CurvePoint extends Accuracy {
  readonly t: number;
}

type Readout = Pick<RunResult, 'steps' | 'potentials' | 'units' | 'images'>;

/** The readout's potentials at one of the run's steps, [image][class], in real units that all classes share. */
export function readoutAt({ potentials, units, images }: Readout, index: number): Float64Array {
  const size = images * units.length;
  return Float64Array.from(potentials.subarray(index * size, (index + 1) * size), (v, i) => v * units[i % units.length]);
}

/**
 * Accuracy over time (specification, section 6): one point for every step from the first that brings the readout spikes to the
 * last of the run. The readout's potentials decide (logits but for a factor that all classes share); while the last spiking layer
 * is silent, every other window, they stay what they were, and so does the accuracy. Of equal potentials the lowest class wins.
 */
export function accuracyCurve(run: Readout, labels: ArrayLike<number>): CurvePoint[] {
  return run.steps.flatMap((step, i) => {
    const reached = accuracy(readoutAt(run, i), labels);
    const next = run.steps[i + 1] ?? step + 1;
    return Array.from({ length: next - step }, (_, held) => ({ t: step + held, ...reached }));
  });
}
