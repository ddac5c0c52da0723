/** What a network's outputs for one image say. */

/**
 * The logit of each class. One alone, z, decides between two by its sign: it stands for 0 and z, and Sigmoid(z) is the share of the second.
 */
export const perClass = <T extends Float32Array | Float64Array>(logits: T): T | Float64Array =>
  logits.length === 1 ? Float64Array.of(0, logits[0]) : logits;

/**
 * The best class: the one with the highest value, the lowest index among equals; of one value alone, 1 where it is above 0, else 0.
 * @param units what each class's value is multiplied by
 */
export function bestClass(values: ArrayLike<number>, units?: ArrayLike<number>): number {
  if (values.length === 1) return Number(values[0] > 0);
  const unit = (c: number) => (units ? units[c] : 1);
  let best = 0;
  for (let c = 1; c < values.length; c++) if (values[c] * unit(c) > values[best] * unit(best)) best = c;
  return best;
}

/** Shares of exponentials: the probabilities that logits, one a class, stand for. */
export function softmax(logits: Float64Array | Float32Array): number[] {
  let most = Number.NEGATIVE_INFINITY;
  for (const v of logits) most = Math.max(most, v);
  const powers = Array.from(logits, (v) => Math.exp(v - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((v) => v / sum);
}

/** Cells of four classes, [block][image of the layout], as [image][class]. @param units what each class's integers are multiplied by */
export function logitsOfCells(
  cells: Float32Array | Int32Array,
  batch: number,
  images: number,
  classes: number,
  units?: Float64Array,
): Float32Array {
  const logits = new Float32Array(images * classes);
  for (let n = 0; n < images; n++) {
    for (let o = 0; o < classes; o++)
      logits[n * classes + o] = cells[((o >> 2) * batch + n) * 4 + (o & 3)] * (units ? units[o] : 1);
  }
  return logits;
}
