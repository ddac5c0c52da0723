import { bestClass, perClass, softmax } from '../run/logits.ts';

/**
 * What a conversion costs, estimated without labels from what both networks make of the same images (specification, section 4). Each
 * figure is a mean over images with its standard error; bench/estimates.ts holds them against the loss of accuracy on other images.
 */

/** A mean over images, and how far it may be off: the standard error of the mean, null of fewer than two images. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number | null;
}

/** Every candidate for the loss of accuracy. With p the softmax of the trained network's logits z, and shares 0…1: */
export interface Estimates {
  /** p of the trained network's class − p of the spiking network's: what accuracy loses if the trained network is right with p. */
  readonly expectedLoss: Estimate;
  /** Images that get another class. */
  readonly disagreement: Estimate;
  /** The same, each image weighted by how far z of its best class is above that of the second. */
  readonly marginWeighted: Estimate;
  /** ‖z of the spiking network − z‖ / ‖z‖, each less its mean over the classes. */
  readonly logitError: Estimate;
}

/**
 * What choices are made by: all that is chosen without labels asks here. Disagreement weighted by margin is the loss on other images on
 * average (0.92 a point of it, correlation 0.97, over 268 conversions of five networks). But a trained network is so sure of its own
 * training images that none may change class where others do; so half the square of the logits' error, which knows of no class, is a
 * lower bound. Of 139 conversions with at most half a point by this, 5 lost more, a point at most: docs/results.md.
 */
export function estimatedLoss({ marginWeighted, logitError }: Estimates): Estimate {
  const { value, standardError } = logitError;
  const least = { value: (value * value) / 2, standardError: standardError === null ? null : value * standardError };
  return marginWeighted.value < least.value ? least : marginWeighted;
}

/** Mean and standard error of `count` numbers from their sum and their squares'. */
export function estimateOf(sum: number, squares: number, count: number): Estimate {
  const value = sum / count;
  // what rounding takes below zero is zero
  const variance = Math.max(0, squares - sum * value) / (count - 1);
  return { value, standardError: count < 2 ? null : Math.sqrt(variance / count) };
}

/** Adds up images one by one, so that nothing depends on batches. */
export interface EstimateSums {
  /** @param trained the trained network's logits of an image @param spiking the other's of the same */
  readonly add: (trained: Float32Array, spiking: Float64Array) => void;
  readonly estimates: () => Estimates;
}

/** Numbers, one an image, as their sums. */
function moments() {
  let [sum, squares] = [0, 0];
  const add = (x: number) => {
    sum += x;
    squares += x * x;
  };
  return { add, sum: () => sum, over: (count: number, by = 1) => estimateOf(sum / by, squares / (by * by), count) };
}

/** Sums over no image yet. */
export function estimateSums(): EstimateSums {
  let count = 0;
  const [expected, disagreeing, margins, weighted, errors] = Array.from({ length: 5 }, moments);
  return {
    add: (trainedLogits, spikingLogits) => {
      const [trained, spiking] = [perClass(trainedLogits), perClass(spikingLogits)];
      const [own, other] = [bestClass(trained), bestClass(spiking)];
      const p = softmax(trained);
      const differs = Number(own !== other);
      const margin = marginOf(trained, own);
      count++;
      expected.add(p[own] - p[other]);
      disagreeing.add(differs);
      margins.add(margin);
      weighted.add(differs * margin);
      errors.add(relativeError(trained, spiking));
    },
    estimates: () => ({
      expectedLoss: expected.over(count),
      disagreement: disagreeing.over(count),
      // where no image has a margin, none has a weight
      marginWeighted: weighted.over(count, margins.sum() / count || 1),
      logitError: errors.over(count),
    }),
  };
}

/** How far the best value is above the second. */
function marginOf(values: Float32Array | Float64Array, best: number): number {
  let second = Number.NEGATIVE_INFINITY;
  values.forEach((v, c) => {
    if (c !== best && v > second) second = v;
  });
  return values[best] - second;
}

/** ‖b − a‖ / ‖a‖, both less their means; 0 where they are the same, 1 where only a is constant. */
function relativeError(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  const mean = (values: Iterable<number>) => Array.from(values).reduce((sum, v) => sum + v, 0) / a.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [difference, norm] = [0, 0];
  for (let c = 0; c < a.length; c++) {
    const own = a[c] - meanA;
    const off = b[c] - meanB - own;
    difference += off * off;
    norm += own * own;
  }
  return difference === 0 ? 0 : norm === 0 ? 1 : Math.sqrt(difference / norm);
}
