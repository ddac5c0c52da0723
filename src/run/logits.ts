/** What a network's outputs for one image say. */

/** The best class: the one with the highest value, the lowest index among equals. @param units what each class's value is multiplied by */
export function bestClass(values: ArrayLike<number>, units?: ArrayLike<number>): number {
  const unit = (c: number) => (units ? units[c] : 1);
  let best = 0;
  for (let c = 1; c < values.length; c++) if (values[c] * unit(c) > values[best] * unit(best)) best = c;
  return best;
}

/** Shares of exponentials: the probabilities that logits stand for. */
export function softmax(logits: Float64Array | Float32Array): number[] {
  let most = Number.NEGATIVE_INFINITY;
  for (const v of logits) most = Math.max(most, v);
  const powers = Array.from(logits, (v) => Math.exp(v - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((v) => v / sum);
}
