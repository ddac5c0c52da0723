import { describe, expect, it } from 'vitest';
import { MEMBRANE_LIMIT } from '../../src/network/network.ts';
import { clampMembrane, initialMembrane, spikeCharge, threshold } from '../../src/neuron/bistable.ts';
import { receive } from '../../src/neuron/membrane.ts';

describe('threshold and V(0) in membrane units', () => {
  it.each([
    { g: 22, theta: 2 ** 22, half: 2 ** 21, row: 'the largest' },
    { g: 1, theta: 2, half: 1, row: 'the smallest with a half' },
    { g: 0, theta: 1, half: 0, row: 'a threshold of 1 has nothing to round' },
  ])('g = $g: $row', ({ g, theta, half }) => {
    expect(threshold(g)).toBe(theta);
    expect(initialMembrane(g, 'half')).toBe(half);
    expect(initialMembrane(g, 'zero')).toBe(0);
  });
});

describe('integration', () => {
  it.each([
    { current: -7, v: 93 },
    { current: 2 ** 31 - 1, v: 100 + 2 ** 30 },
    { current: -(2 ** 31), v: 100 - 2 ** 30 },
  ])('a step brings ±2^30 at most: $current', ({ current, v }) => {
    expect(receive(100, current)).toBe(v);
  });

  it.each([
    { v: MEMBRANE_LIMIT, to: 2 ** 30 - 1 },
    { v: MEMBRANE_LIMIT + 1, to: 2 ** 30 - 1 },
    { v: 2 ** 31 - 2, to: 2 ** 30 - 1 },
    { v: -MEMBRANE_LIMIT - 1, to: 1 - 2 ** 30 },
    { v: 2 - 2 ** 31, to: 1 - 2 ** 30 },
    { v: MEMBRANE_LIMIT - 1, to: 2 ** 30 - 2 },
    { v: 0, to: 0 },
  ])('the membrane is bounded: $v → $to', ({ v, to }) => {
    expect(clampMembrane(v)).toBe(to);
  });
});

describe('the firing window is greedy binary expansion', () => {
  it('every V below 2^K · θ is sent exactly, what is above stays', () => {
    for (const g of [0, 1, 4]) {
      for (let K = 1; K <= 8; K++) {
        const theta = 2 ** g;
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
