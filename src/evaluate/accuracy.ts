/** Shares of images, 0…1. */
export interface Accuracy {
  /** The label's class has the highest value. */
  readonly top1: number;
  /** The label's class is among the five highest (among all of them where there are fewer). */
  readonly top5: number;
}

type Logits = Float32Array | Float64Array;

/**
 * How many classes come before the label's, 0 for the best. Of equal values the lower class index comes first, so that the ranks
 * of one image are a permutation; NaN comes before everything, so that it never counts as right.
 */
export function rankOf(values: ArrayLike<number>, label: number): number {
  const own = values[label];
  let rank = 0;
  for (let c = 0; c < values.length; c++) {
    if (!(values[c] <= own) || (values[c] === own && c < label)) rank++;
  }
  return rank;
}

/** The best class: the one of rank 0. The lowest index among equals. */
export function bestClass(values: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < values.length; c++) if (values[c] > values[best]) best = c;
  return best;
}

/** Top-1 and top-5 accuracy of logits, [image][class]; labels give the number of images (at least one). */
export function accuracy(logits: Logits, labels: ArrayLike<number>): Accuracy {
  const classes = logits.length / labels.length;
  let first = 0;
  let amongFive = 0;
  for (let n = 0; n < labels.length; n++) {
    const rank = rankOf(logits.subarray(n * classes, (n + 1) * classes), labels[n]);
    if (rank === 0) first++;
    if (rank < 5) amongFive++;
  }
  return { top1: first / labels.length, top5: amongFive / labels.length };
}

/** Share of images that two sets of logits, both [image][class], put in the same class. */
export function agreement(a: Logits, b: Logits, images: number): number {
  const classes = a.length / images;
  let same = 0;
  for (let n = 0; n < images; n++) {
    const image = [n * classes, (n + 1) * classes] as const;
    if (bestClass(a.subarray(...image)) === bestClass(b.subarray(...image))) same++;
  }
  return same / images;
}
