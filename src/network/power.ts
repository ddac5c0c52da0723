const LARGEST = 64;
const POWERS = Float64Array.from({ length: 2 * LARGEST + 1 }, (_, i) => 2 ** (i - LARGEST));

/** 2^n for integers n, exactly; from a table, since references ask for it for every neuron and step. */
export const power = (n: number): number => POWERS[n + LARGEST] ?? 2 ** n;
