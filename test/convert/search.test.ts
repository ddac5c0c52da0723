import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ScaleWay, type Search, searchWays } from '../../src/convert/search.ts';
import { makeTimetable, wordSteps } from '../../src/network/timetable.ts';

const MSE: ScaleWay = { scale: 'mse', percentile: 99.9, perChannel: false, correctBias: false };
const MAX: ScaleWay = { scale: 'max', percentile: 99.9, perChannel: false, correctBias: false };

/** A chain whose depths lose by themselves: `weights[d]` · 4^-K, and less with each word. */
function chain(weights: readonly number[], over: Partial<Search> & { readonly factor?: (way: ScaleWay) => number } = {}) {
  const { factor = () => 1, ...rest } = over;
  const lossOf = (way: ScaleWay, phases: readonly number[], word: number) =>
    (factor(way) * phases.reduce((sum, K, d) => sum + weights[d] * 4 ** -K, 0)) / word;
  const search: Search = {
    ways: [MSE],
    depths: weights.length,
    waves: 1,
    allowed: 0.005,
    trials: 1000,
    stepsTo: (phases, word) => wordSteps(makeTimetable(phases), word),
    lossesOf: async (way, phases, words) =>
      Array.from({ length: words }, (_, w) => ({ value: lossOf(way, phases, w + 1), standardError: 0 })),
    ...rest,
  };
  return { search, lossOf };
}

describe('searchWays', () => {
  it('lowers the depths that cost least, and no further than is allowed', async () => {
    // depth 1 costs nothing, depth 3 nearly all
    const { search, lossOf } = chain([0.01, 0, 0.1, 4]);
    const { best } = await searchWays(search);
    expect(best).toMatchObject({ met: true, word: 1, loss: { value: lossOf(MSE, best.phaseBits, 1) } });
    expect(best.phaseBits[1]).toBe(1);
    expect(best.phaseBits[3]).toBe(Math.max(...best.phaseBits));
    expect(best.t).toBe(best.phaseBits.reduce((a, b) => a + b));
  });

  it('what it finds is allowed, none of its depths can be lowered, and the best so far only gets better', async () => {
    const weights = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(weights, fc.integer({ min: 1, max: 3 }), async (of, waves) => {
        const { search, lossOf } = chain(of, { waves });
        const { best, tried } = await searchWays(search);
        const taken = tried.filter((trial) => trial.taken);
        expect(taken.at(-1)).toMatchObject(best);
        for (const [i, trial] of taken.entries()) {
          expect(trial.loss.value).toBe(lossOf(trial, trial.phaseBits, trial.word));
          expect(trial.met).toBe(trial.loss.value <= search.allowed);
          if (i > 0 && taken[i - 1].met) expect(trial.met && trial.t <= taken[i - 1].t).toBe(true);
        }
        if (!best.met) return;
        best.phaseBits.forEach((K, d) => {
          if (K === 1) return;
          const lowered = best.phaseBits.map((other, i) => (i === d ? other - 1 : other));
          const gains = search.stepsTo(lowered, best.word) < best.t;
          expect(gains && lossOf(best, lowered, best.word) <= search.allowed).toBe(false);
        });
      }),
    );
  });

  it('takes the way to choose scales that needs fewer steps, and of equal ones that which loses less', async () => {
    const { search } = chain([0, 3, 3], { ways: [MSE, MAX], factor: (way) => (way.scale === 'max' ? 1 / 16 : 1) });
    expect((await searchWays(search)).best.scale).toBe('max');
    const near = chain([3, 3, 3], { ways: [MSE, MAX], factor: (way) => (way.scale === 'max' ? 0.99 : 1), trials: 1 });
    expect((await searchWays(near.search)).best.scale).toBe('max');
  });

  it('waits for a second word where that comes before a first one of more bits', async () => {
    // eight depths: K = 4 has its first word after 32 steps, K = 3 its second after 30
    const { search } = chain(new Array(8).fill(0.05), { waves: 3 });
    const { best, tried } = await searchWays({ ...search, trials: 1 });
    expect(tried.filter(({ met }) => met).map(({ word, t }) => [word, t])).toContainEqual([2, 30]);
    expect(best).toMatchObject({ word: 2, t: 30 });
  });

  it('says where nothing is allowed, and does not look further', async () => {
    const { search } = chain([1000, 1000], { allowed: 0 });
    const { best, tried } = await searchWays(search);
    expect(best).toMatchObject({ met: false, phaseBits: [8, 8] });
    expect(tried).toHaveLength(3);
  });

  it('keeps to its number of trials', async () => {
    const { search } = chain(new Array(20).fill(0.01), { trials: 12, waves: 2 });
    expect((await searchWays(search)).tried).toHaveLength(12);
  });
});
