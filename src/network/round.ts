/** Rounds half away from zero (the specification's [x]). */
export const round = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
