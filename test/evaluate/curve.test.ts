import { describe, expect, it } from 'vitest';
import { accuracyCurve, readoutAt } from '../../src/evaluate/curve.ts';

// Two images of two classes, K = 2, two words: steps 7, 8 and 11, 12; the last spiking layer is silent in 9 and 10.
const run = {
  images: 2,
  steps: [7, 8, 11, 12],
  potentials: Int32Array.of(1, 0, 1, 0, /**/ 0, 3, 1, 0, /**/ 3, 4, 0, 1, /**/ 0, 9, 0, 9),
  units: Float64Array.of(1, 1),
};

describe('accuracyCurve', () => {
  it('has a point for every step, silent ones included, and ends with the last', () => {
    const curve = accuracyCurve(run, [1, 1]);
    expect(curve.map(({ t }) => t)).toEqual([7, 8, 9, 10, 11, 12]);
    expect(curve.map(({ top1 }) => top1)).toEqual([0, 0.5, 0.5, 0.5, 1, 1]);
    expect(curve.every(({ top5 }) => top5 === 1)).toBe(true);
  });

  it('weighs potentials by the unit of their class', () => {
    const units = Float64Array.of(2, 1);
    expect(readoutAt({ ...run, units }, 2)).toEqual(Float64Array.of(6, 4, 0, 1));
    expect(accuracyCurve({ ...run, units }, [1, 1]).map(({ top1 }) => top1)).toEqual([0, 0.5, 0.5, 0.5, 0.5, 1]);
  });

  it('gives the lowest class where potentials are equal', () => {
    const equal = { ...run, steps: [4], potentials: Int32Array.of(2, 2, 2, 2) };
    expect(accuracyCurve(equal, [0, 1])).toEqual([{ t: 4, top1: 0.5, top5: 1 }]);
  });

  it('of one step, K = 1 and one wave, is one point', () => {
    const one = { images: 1, steps: [3], potentials: Int32Array.of(0, 1), units: Float64Array.of(1, 1) };
    expect(accuracyCurve(one, [1])).toEqual([{ t: 3, top1: 1, top5: 1 }]);
  });
});
