import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growthOver, type Held, medianSlope } from '../../bench/endurance/watch.ts';

describe('the median of slopes', () => {
  it('of a line is the line’s, wherever a quarter of its points may lie', () => {
    const stray = fc.array(fc.tuple(fc.nat(39), fc.double({ min: -1e6, max: 1e6, noNaN: true })), { maxLength: 4 });
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 50 }), stray, (slope, strays) => {
        const points = Array.from({ length: 40 }, (_, x): [number, number] => [x, slope * x + 3]);
        for (const [at, y] of strays) points[at] = [at, y];
        expect(medianSlope(points)).toBeCloseTo(slope, 6);
      }),
    );
  });

  it('of fewer than two points is 0', () => {
    expect([medianSlope([]), medianSlope([[1, 5]])]).toEqual([0, 0]);
  });
});

it('growth is of a stage’s own samples, once it is under way', () => {
  const held = (stage: string, done: number, heap: number): Held => ({
    stage,
    done,
    mebibytes: 200,
    heap,
    threads: null,
    files: 20,
  });
  const warm = [1, 2, 3, 4].map((done) => held('runs', done * 10, 5 * done));
  const then = Array.from({ length: 20 }, (_, i) => held('runs', 50 + i * 10, 20 + i * 0.1));
  const growth = growthOver([held('before', 0, 900), ...warm, ...then], 'runs');
  expect(growth.heap).toBeCloseTo(0.01 * 240, 6);
  expect(growth).toMatchObject({ mebibytes: 0, threads: 0, files: 0 });
});
