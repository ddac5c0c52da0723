import { describe, expect, it } from 'vitest';
import { choosePhases, PHASE_TRIALS } from '../../src/convert/choose-phases.ts';
import { residual } from '../network/hand-made.ts';

/** Chooses by losses of K = 2 … 8. */
async function choose(losses: readonly number[], allowed: number) {
  const { network, ...choice } = await choosePhases(
    async (phaseBits) => residual(4, phaseBits),
    async ({ phaseBits }) => ({ value: losses[phaseBits - 2], standardError: 0.001 }),
    allowed,
  );
  return { K: network.phaseBits, ...choice };
}

describe('choosePhases', () => {
  const falling = [0.6, 0.3, 0.1, 0.05, 0.02, 0.01, 0.005];

  it.each([2, 3, 4, 5, 6, 7, 8])('finds K = %i where no smaller one loses as little', async (K) => {
    const allowed = falling[K - 2];
    const found = await choose(falling, allowed);
    expect(found).toMatchObject({ K, met: true, allowed, loss: { value: allowed } });
    expect(found.tried).toHaveLength(PHASE_TRIALS);
  });

  it('takes the one that loses least of those tried, and says so, where all lose more', async () => {
    const found = await choose(falling, 0.001);
    expect(found).toMatchObject({ K: 8, met: false, loss: { value: 0.005 } });
    expect(found.tried.map(({ phaseBits }) => phaseBits)).toEqual([5, 7, 8]);
    // the last digits of a loss are noise
    expect(await choose([...falling.slice(0, 5), 0.004, 0.005], 0.001)).toMatchObject({ K: 7, met: false });
  });

  it('a smaller K that meets it goes before a larger one that loses less', async () => {
    expect(await choose(falling, 0.2)).toMatchObject({ K: 4, met: true });
  });
});
