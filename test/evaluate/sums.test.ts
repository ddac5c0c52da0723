import fc from 'fast-check';
import { expect, it } from 'vitest';
import { merge } from '../../src/evaluate/folds.ts';
import { inSteps } from '../../src/evaluate/sums.ts';

const sums = fc.record({
  activation: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  product: fc.double({ min: 0, max: 1e9, noNaN: true }),
  spikes: fc.nat(2 ** 30),
});

it('sums in steps add up to the same in any grouping; integers stay what they are', () => {
  fc.assert(
    fc.property(sums, sums, sums, (...given) => {
      const [a, b, c] = given.map(inSteps);
      expect(merge(merge(a, b), c)).toStrictEqual(merge(a, merge(b, c)));
      expect(a.spikes).toBe(given[0].spikes);
      expect(Math.abs(a.activation - given[0].activation)).toBeLessThanOrEqual(2 ** -17);
    }),
    { numRuns: 200, seed: 7 },
  );
});
