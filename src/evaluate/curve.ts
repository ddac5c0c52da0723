import { type Batch, potentialsAt } from '../run/batch.ts';
import { type Accuracy, accuracyOf, countHits, type Hits, type Readings } from './accuracy.ts';

/** Accuracy if the class were read after `t` steps from the image's onset. */
export interface CurvePoint extends Accuracy {
  readonly t: number;
}

/** A batch's potentials at one point. Their divisor is the same for all classes and changes no order. */
export const readingsAt = (batch: Pick<Batch, 'potentials' | 'images'>, point: number, units: Float64Array): Readings => ({
  values: potentialsAt(batch, point, units.length),
  images: batch.images,
  units,
});

/**
 * Where the labels' classes come at each of some points of a batch.
 * @param first where the batch's labels begin
 */
export const hitsAtPoints = (
  batch: Pick<Batch, 'potentials' | 'images'>,
  points: readonly number[],
  units: Float64Array,
  labels: ArrayLike<number>,
  first: number,
): Hits[] => points.map((point) => countHits(readingsAt(batch, point, units), labels, first));

/**
 * Accuracy over time (specification, section 6): one point for every step from the first that brings the readout spikes to the
 * last of the run. The readout's potentials decide (logits but for a factor that all classes share); while the last spiking layer
 * is silent, every other window, they stay what they were, and so does the accuracy. Of equal potentials the lowest class wins.
 * @param steps of each point of the run, in order
 * @param hits of each point, over all images
 */
export function accuracyCurve(steps: readonly number[], hits: readonly Hits[]): CurvePoint[] {
  return steps.flatMap((step, i) => {
    const next = steps[i + 1] ?? step + 1;
    return Array.from({ length: next - step }, (_, held) => ({ t: step + held, ...accuracyOf(hits[i]) }));
  });
}
