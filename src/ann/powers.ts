/** Powers of two by the bits of an f64: logarithms may differ from one engine to the next. */

const view = new DataView(new ArrayBuffer(8));

/** The exponent e of a normal f64 above 0: 2^e ≤ x < 2^(e + 1). */
export function exponentOf(x: number): number {
  view.setFloat64(0, x);
  return (view.getUint32(0) >>> 20) - 1023;
}

/** The largest power of two that is at most x > 0. */
export const powerAtMost = (x: number): number => 2 ** exponentOf(x);

/** The least power of two that is at least x > 0. */
export const powerAtLeast = (x: number): number => (powerAtMost(x) === x ? x : 2 * powerAtMost(x));
