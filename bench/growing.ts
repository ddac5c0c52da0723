/** A gain in rate above which a larger piece of work is tried: the smaller one did not fill the device. */
const GAIN = 1.05;

/**
 * The least size at which a rate settles: the first whose successor brings no gain, else the last.
 * @param sizes ascending, one at least
 * @param rateOf measures at a size
 */
export async function settledSize(sizes: readonly number[], rateOf: (size: number) => Promise<number>): Promise<number> {
  let [size] = sizes;
  let rate = sizes.length > 1 ? await rateOf(size) : 0;
  for (const next of sizes.slice(1)) {
    const nextRate = await rateOf(next);
    if (nextRate < GAIN * rate) return size;
    [size, rate] = [next, nextRate];
  }
  return size;
}
