import { describe, expect, it } from 'vitest';
import { choosePhases, PHASE_TRIALS } from '../../src/convert/choose-phases.ts';

/** Chooses by losses of K = 2 … 8. */
async function choose(losses: readonly number[], allowed: number) {
  const attempt = async (K: number) => ({ made: `K = ${K}`, loss: { value: losses[K - 2], standardError: 0.001 } });
  const found = await choosePhases(attempt, allowed);
  expect(found.made).toBe(`K = ${found.phaseBits}`);
  return found;
}

describe('choosePhases', () => {
  const falling = [0.6, 0.3, 0.1, 0.05, 0.02, 0.01, 0.005];

  it.each([2, 3, 4, 5, 6, 7, 8])('finds K = %i where no smaller one loses as little', async (K) => {
    const allowed = falling[K - 2];
    const found = await choose(falling, allowed);
    expect(found).toMatchObject({ phaseBits: K, met: true, loss: { value: allowed } });
    expect(found.tried).toHaveLength(PHASE_TRIALS);
  });

  it('takes the one that loses least of those tried, and says so, where all lose more', async () => {
    const found = await choose(falling, 0.001);
    expect(found).toMatchObject({ phaseBits: 8, met: false, loss: { value: 0.005 } });
    expect(found.tried.map(({ phaseBits }) => phaseBits)).toEqual([5, 7, 8]);
    // the last digits of a loss are noise
    expect(await choose([...falling.slice(0, 5), 0.004, 0.005], 0.001)).toMatchObject({ phaseBits: 7, met: false });
  });

  it('a smaller K that meets it goes before a larger one that loses less', async () => {
    expect(await choose(falling, 0.2)).toMatchObject({ phaseBits: 4, met: true });
  });
});
