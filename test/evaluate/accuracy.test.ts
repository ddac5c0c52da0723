import { describe, expect, it } from 'vitest';
import { accuracyOf, countAgreeing, countChanges, countHits, lossOf, rankOf } from '../../src/evaluate/accuracy.ts';
import { bestClass } from '../../src/run/logits.ts';

describe('rankOf', () => {
  it.each([
    ['the best', [1, 5, 2], 1, 0],
    ['the last', [1, 5, 2], 0, 2],
    ['a tie: the lower index first', [3, 3, 3], 0, 0],
    ['a tie: the higher index after', [3, 3, 3], 2, 2],
    ['0 and -0 are equal', [-0, 0], 1, 1],
    ['NaN elsewhere comes before', [Number.NaN, 5], 1, 1],
    ['a label of NaN is never right', [Number.NaN, 5], 0, 2],
    ['one value above 0 is class 1', [0.1], 1, 0],
    ['one value above 0 is not class 0', [0.1], 0, 1],
    ['one value of 0 is class 0', [0], 0, 0],
    ['one value of NaN is never right', [Number.NaN], 0, 1],
  ])('%s', (_, values, label, rank) => {
    expect(rankOf(values, label)).toBe(rank);
  });

  it('is a permutation where values repeat', () => {
    const values = [2, 7, 7, 2, 9, 7];
    const ranks = values.map((_, label) => rankOf(values, label));
    expect([...ranks].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(ranks[bestClass(values)]).toBe(0);
  });
});

it('bestClass takes the lowest of equals', () => {
  expect(bestClass([1, 4, 4])).toBe(1);
});

describe('hits', () => {
  it('counts first and fifth places', () => {
    // the label, 0, has rank 0, 4 and 5
    const logits = Float32Array.of(9, 1, 2, 3, 4, 5, /**/ 5, 9, 9, 9, 9, 1, /**/ 0, 1, 2, 3, 4, 5);
    const hits = countHits({ values: logits, images: 3 }, [0, 0, 0]);
    expect(hits).toEqual({ images: 3, top1: 1, top5: 2 });
    expect(accuracyOf(hits)).toEqual({ top1: 1 / 3, top5: 2 / 3 });
    expect(countHits({ values: logits, images: 3 }, [9, 5, 1, 5], 1)).toEqual({ images: 3, top1: 2, top5: 3 });
  });

  it('has every label among the five best of three classes', () => {
    expect(countHits({ values: Float32Array.of(1, 2, 3), images: 1 }, [0])).toEqual({ images: 1, top1: 0, top5: 1 });
  });
});

it('agreement compares classes, not labels', () => {
  const values = Float32Array.of(1, 0, /**/ 0, 1, /**/ 1, 0, /**/ 1, 0);
  expect(countAgreeing({ values, images: 4 }, [0, 0, 0, 0])).toBe(3);
  expect(countAgreeing({ values, images: 4 }, [7, 0, 1, 1, 0], 1)).toBe(3);
  // potentials count by the unit of their class
  expect(countAgreeing({ values, images: 4, units: [-1, 2] }, [1, 1, 1, 1])).toBe(4);
});

it('counts what one network alone has right, and what both have wrong differently not at all', () => {
  // classes 0, 1, 2, 0 and 2
  const values = Float32Array.of(1, 0, 0, /**/ 0, 1, 0, /**/ 0, 0, 1, /**/ 1, 0, 0, /**/ 0, 0, 1);
  const [labels, trained] = [
    [9, 0, 1, 1, 1, 2],
    [9, 0, 0, 1, 0, 0],
  ];
  const changes = countChanges({ values, images: 5 }, labels, trained, 1);
  expect(changes).toEqual({ lost: 1, won: 2 });
  // differences -1, 1, 0, 0, -1: mean -0.2, variance 0.7
  const loss = lossOf(changes, 5);
  expect(loss.value).toBeCloseTo(-0.2, 12);
  expect(loss.standardError).toBeCloseTo(Math.sqrt(0.7 / 5), 12);
});
