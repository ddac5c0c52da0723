import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readWords } from '../../src/observe/words.ts';
import { Session } from '../../src/run/session.ts';
import { SteppedSession } from '../../src/run/stepped-session.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomNetwork, randomPixels, recipes } from '../helpers/random-network.ts';

const CASES = 20;

describeOnDevice('multi+:n after T steps is the windowed bistable network with K = n after word T', () => {
  it('potentials and sums of words, on the device', async () => {
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(recipes, fc.integer({ min: 1, max: 3 }), async (recipe, images) => {
        const network = randomNetwork(recipe);
        const { waves, phaseBits: bits } = recipe;
        const pixels = randomPixels(network.input.shape, images, recipe.seed);
        const neuron = { name: 'multi+', bits } as const;
        const stepped = await SteppedSession.create(device!, network, { neuron, timesteps: waves, batch: images });
        const windowed = await Session.create(device!, network, { waves, batch: images, keepWords: true });
        try {
          const steps = await stepped.classify(pixels);
          const words = await windowed.classify(pixels);
          const row = images * steps.units.length;
          for (let t = 0; t < waves; t++) {
            // the last point of a wave: its word is whole
            const whole = ((t + 1) * words.steps.length) / waves - 1;
            const [a, b] = [
              steps.potentials.subarray(t * row, (t + 1) * row),
              words.potentials.subarray(whole * row, (whole + 1) * row),
            ];
            expect([...a], `after ${t + 1}`).toEqual([...b]);
          }
          // spikes are the bits that are set in words
          expect(steps.spikes).toEqual(words.spikes);
          const l = network.layers.findLastIndex(({ kind }) => kind === 'neurons');
          const some = await readWords(windowed, l, images);
          expect(words.spikes[l]).toBe(some.reduce((sum, w) => sum + w.toString(2).replaceAll('0', '').length, 0));
          cases++;
        } finally {
          stepped.dispose();
          windowed.dispose();
        }
      }),
      { numRuns: CASES, seed: 20214, endOnFailure: true },
    );
    expect(cases).toBe(CASES);
  });
});
