import { describe, expect, it } from 'vitest';
import { accuracyCurve, hitsAtPoints } from '../../src/evaluate/curve.ts';

// Two images of two classes, K = 2, two words: steps 7, 8 and 11, 12; the last spiking layer is silent in 9 and 10.
const STEPS = [7, 8, 11, 12];
const batch = { images: 2, potentials: Float64Array.of(1, 0, 1, 0, /**/ 0, 3, 1, 0, /**/ 3, 4, 0, 1, /**/ 0, 9, 0, 9) };
const EQUAL_UNITS = Float64Array.of(1, 1);

/** The curve of one batch. */
const curve = (steps: readonly number[], of: typeof batch, units: Float64Array, labels: readonly number[]) =>
  accuracyCurve(steps, hitsAtPoints(of, [...steps.keys()], units, labels, 0));

describe('accuracyCurve', () => {
  it('has a point for every step, silent ones included, and ends with the last', () => {
    const points = curve(STEPS, batch, EQUAL_UNITS, [1, 1]);
    expect(points.map(({ t }) => t)).toEqual([7, 8, 9, 10, 11, 12]);
    expect(points.map(({ top1 }) => top1)).toEqual([0, 0.5, 0.5, 0.5, 1, 1]);
    expect(points.every(({ top5 }) => top5 === 1)).toBe(true);
  });

  it('weighs potentials by the unit of their class', () => {
    expect(curve(STEPS, batch, Float64Array.of(2, 1), [1, 1]).map(({ top1 }) => top1)).toEqual([0, 0.5, 0.5, 0.5, 0.5, 1]);
  });

  it('gives the lowest class where potentials are equal', () => {
    const equal = { images: 2, potentials: Float64Array.of(2, 2, 2, 2) };
    expect(curve([4], equal, EQUAL_UNITS, [0, 1])).toEqual([{ t: 4, top1: 0.5, top5: 1 }]);
  });

  it('of one step, K = 1 and one wave, is one point', () => {
    const one = { images: 1, potentials: Float64Array.of(0, 1) };
    expect(curve([3], one, EQUAL_UNITS, [1])).toEqual([{ t: 3, top1: 1, top5: 1 }]);
  });
});

it('hitsAtPoints looks at the points asked for, with the labels from where the batch begins', () => {
  expect(hitsAtPoints(batch, [3, 1], EQUAL_UNITS, [0, 0, 1, 1], 2)).toEqual([
    { images: 2, top1: 2, top5: 2 },
    { images: 2, top1: 1, top5: 2 },
  ]);
});
