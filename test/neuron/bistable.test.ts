import { describe, expect, it } from 'vitest';
import { MEMBRANE_LIMIT } from '../../src/network/network.ts';
import { clampMembrane, initialMembrane, spikeCharge, threshold } from '../../src/neuron/bistable.ts';
import { receive } from '../../src/neuron/membrane.ts';

describe('threshold and V(0) in membrane units', () => {
  it.each([
    { g: 22, theta: 2 ** 22, half: 2 ** 21, row: 'the largest' },
    { g: 1, theta: 2, half: 1, row: 'the smallest with a half' },
    { g: 0, theta: 1, half: 0, row: 'a threshold of 1 has nothing to round' },
    { g: -1, theta: 1, half: 0, row: 'below 1 the membrane counts in thresholds' },
    { g: -8, theta: 1, half: 0, row: 'the coarsest' },
  ])('g = $g: $row', ({ g, theta, half }) => {
    expect(threshold(g)).toBe(theta);
    expect(initialMembrane(g, 'half')).toBe(half);
    expect(initialMembrane(g, 'zero')).toBe(0);
  });

  it('g < 0: the specification’s V would be a fraction, the membrane in thresholds is the same number as an integer', () => {
    // one weight unit, word 1: V = 1, θ = 1/4, so ⌊V/θ⌋ = 4; with K = 2 the word is 3 and V − θ·word = 1/4
    const g = -2;
    const theta = 2 ** g;
    const word = Math.min(Math.floor(1 / theta), 3);
    const left = 1 - theta * word;
    expect(Number.isInteger(left)).toBe(false);
    const v = receive(0, 1, g);
    expect(Number.isInteger(v)).toBe(true);
    expect(v - threshold(g) * word).toBe(left / theta);
  });
});

describe('integration', () => {
  it.each([
    { g: 5, current: -7, v: 93, row: 'g > 0 adds the current as it is' },
    { g: 0, current: -7, v: 93, row: 'g = 0 too' },
    { g: -3, current: -7, v: 44, row: 'g < 0 shifts it to thresholds' },
  ])('$row', ({ g, current, v }) => {
    expect(receive(100, current, g)).toBe(v);
  });

  it.each([
    { v: MEMBRANE_LIMIT, to: 2 ** 23 },
    { v: MEMBRANE_LIMIT + 1, to: 2 ** 23 },
    { v: 2 ** 30, to: 2 ** 23 },
    { v: -MEMBRANE_LIMIT - 1, to: -(2 ** 23) },
    { v: -(2 ** 30), to: -(2 ** 23) },
    { v: MEMBRANE_LIMIT - 1, to: 2 ** 23 - 1 },
    { v: 0, to: 0 },
  ])('the membrane is bounded: $v → $to', ({ v, to }) => {
    expect(clampMembrane(v)).toBe(to);
  });
});

describe('the firing window is greedy binary expansion', () => {
  it('every V below 2^K · θ is sent exactly, what is above stays', () => {
    for (const g of [-3, 0, 1, 4]) {
      for (let K = 1; K <= 8; K++) {
        const theta = Math.max(1, 2 ** g);
        for (let V = -3 * theta; V < 2 ** K * theta + 3 * theta; V++) {
          let v = V;
          let word = 0;
          for (let k = 0; k < K; k++) {
            if (v < spikeCharge(g, K, k)) continue;
            v -= spikeCharge(g, K, k);
            word += 2 ** (K - 1 - k);
          }
          const expected = Math.min(Math.max(Math.floor(V / theta), 0), 2 ** K - 1);
          if (word !== expected || v !== V - theta * expected) expect({ g, K, V, word, v }).toBe(expected);
        }
      }
    }
  });
});
