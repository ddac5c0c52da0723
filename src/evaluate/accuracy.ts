import { type Estimate, estimateOf } from '../convert/estimate.ts';
import { bestClass } from '../run/logits.ts';

/** Shares of images, 0…1. */
export interface Accuracy {
  /** The label's class has the highest value. */
  readonly top1: number;
  /** The label's class is among the five highest (among all of them where there are fewer). */
  readonly top5: number;
}

/** Images counted by where the label's class came; integers that add up over batches (`merge`). */
export interface Hits {
  readonly images: number;
  readonly top1: number;
  readonly top5: number;
}

/**
 * How many classes come before the label's, 0 for the best. Of equal values the lower class index comes first, so that the ranks
 * of one image are a permutation; NaN comes before everything, so that it never counts as right. One value alone decides by its sign.
 * @param units what each class's value is multiplied by; nothing where left out
 */
export function rankOf(values: ArrayLike<number>, label: number, units?: ArrayLike<number>): number {
  if (values.length === 1) return Number(bestClass(values) !== label || Number.isNaN(values[0]));
  const unit = (c: number) => (units ? units[c] : 1);
  const own = values[label] * unit(label);
  let rank = 0;
  for (let c = 0; c < values.length; c++) {
    const value = values[c] * unit(c);
    if (!(value <= own) || (value === own && c < label)) rank++;
  }
  return rank;
}

/** Values of some images, logits or potentials, [image][class]. */
export interface Readings {
  readonly values: Float32Array | Float64Array | Int32Array;
  readonly images: number;
  /** What each class's value is multiplied by for a scale that all share; nothing where left out. */
  readonly units?: ArrayLike<number>;
}

/** The values of image n. */
const valuesOf = ({ values, images }: Readings, n: number) =>
  values.subarray((n * values.length) / images, ((n + 1) * values.length) / images);

/**
 * Where the labels' classes come.
 * @param first where these images' labels begin
 */
export function countHits(readings: Readings, labels: ArrayLike<number>, first = 0): Hits {
  let [top1, top5] = [0, 0];
  for (let n = 0; n < readings.images; n++) {
    const rank = rankOf(valuesOf(readings, n), labels[first + n], readings.units);
    if (rank === 0) top1++;
    if (rank < 5) top5++;
  }
  return { images: readings.images, top1, top5 };
}

/** Shares of counted images, at least one. */
export const accuracyOf = ({ images, top1, top5 }: Hits): Accuracy => ({ top1: top1 / images, top5: top5 / images });

/** The best class of each image. */
export const bestClasses = (readings: Readings): number[] =>
  Array.from({ length: readings.images }, (_, n) => bestClass(valuesOf(readings, n), readings.units));

/** Images that are put in the class that another network put them in. @param first where these images' classes begin */
export const countAgreeing = (readings: Readings, classes: ArrayLike<number>, first = 0): number =>
  bestClasses(readings).reduce((same, best, n) => same + Number(best === classes[first + n]), 0);

/** Images that one of two networks has right and the other has not; integers that add up over batches. */
export interface Changes {
  /** Right by the trained network alone. */
  readonly lost: number;
  /** Right by the other alone. */
  readonly won: number;
}

/**
 * How many images are lost and won.
 * @param classes the class that the trained network puts each image in
 * @param first where these images' labels and classes begin
 */
export function countChanges(readings: Readings, labels: ArrayLike<number>, classes: ArrayLike<number>, first = 0): Changes {
  let [lost, won] = [0, 0];
  bestClasses(readings).forEach((best, n) => {
    const [label, trained] = [labels[first + n], classes[first + n]];
    if (best === trained) return;
    if (trained === label) lost++;
    if (best === label) won++;
  });
  return { lost, won };
}

/** Accuracy that is lost, 0…1, with the standard error of a difference on the same images. */
export const lossOf = ({ lost, won }: Changes, images: number): Estimate => estimateOf(lost - won, lost + won, images);
