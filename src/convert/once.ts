/**
 * Makes a part of a conversion, unless it was made before and is kept. What it gives is plain data, typed arrays (f32, f64, 32-bit integers) among it.
 * @param name of the part: what it depends on besides what the whole conversion is of
 */
export type Once = <T>(name: string, make: () => Promise<T>) => Promise<T>;

/** Nothing is kept: every part is made. */
export const anew: Once = (_, make) => make();
