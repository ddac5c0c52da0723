import { expect, it } from 'vitest';
import { foretelling } from '../../bench/foretelling.ts';

const of = (value: number) => ({ value, standardError: 0 });

it('a candidate that is twice the loss has a factor of one half, and no distance after it', () => {
  const rows = [0.01, 0.03, 0.002].map((loss, i) => ({
    loss: of(loss),
    estimates: {
      expectedLoss: of(2 * loss),
      disagreement: of(0.05 - loss),
      marginWeighted: of(0.01),
      logitError: of([0.1, 0.1, 0.4][i]),
    },
  }));
  const [expected, opposite, constant, other] = foretelling(rows);
  expect(expected.correlation).toBeCloseTo(1, 9);
  expect(expected.factor).toBeCloseTo(0.5, 9);
  expect(expected.distance).toBeCloseTo(0, 9);
  expect(opposite.correlation).toBeCloseTo(-1, 9);
  expect(constant.correlation).toBeNaN();
  expect(Math.abs(other.correlation)).toBeLessThan(0.9);
});
