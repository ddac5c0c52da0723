import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SUM_LIMIT } from '../../src/network/network.ts';
import { type Neuron, parseNeuron } from '../../src/neuron/neuron.ts';
import { expectSameSteps, simulateAllSteps } from '../helpers/compare-steps.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { hardware } from '../helpers/hardware.ts';
import { type Recipe, randomNetwork, randomPixels, recipes, recipesByDepth } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';
import { extremes } from '../network/extremes.ts';

const CASES = SOAK ? 200 : 18;

/** Every neuron, bistable also without synchronous neurons; n of multi-threshold ones is the network's K. */
const NEURONS = ['bistable', 'bistable-no-sn', 'if', 'burst:5', 'phase', 'multi:n', 'multi+:n'] as const;
const FORMS = ['dense', 'spikes'] as const;
const ARITHMETICS = ['halves', 'integers', 'packed', 'f32'] as const;

/** Every neuron in both forms; arithmetics take turns. (All 56 ways say little more, and a driver without compiled kernels takes seconds for each.) */
const ways = fc.constantFrom(
  ...NEURONS.flatMap((neuron, n) =>
    FORMS.map((form, f) => ({
      neuron,
      form,
      arithmetic: ARITHMETICS[(n + f + (n >> 2)) % ARITHMETICS.length],
    })),
  ),
);

/** The neuron on a network: those that send words need one K for all depths. */
function settle(text: string, recipe: Recipe): { neuron: Neuron; synchronous: boolean; recipe: Recipe } {
  const words = text.endsWith(':n');
  const name = words ? text.replace(':n', `:${recipe.phaseBits}`) : text.replace('-no-sn', '');
  const own = words ? { ...recipe, byDepth: false } : recipe;
  return { neuron: parseNeuron(name), synchronous: text !== 'bistable-no-sn', recipe: own };
}

describeOnDevice('random networks: the stepped engine equals the reference, step for step', () => {
  it('spikes, membranes, potentials, accumulators, in every form', async () => {
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(recipes, recipesByDepth),
        ways,
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (drawn, { neuron: text, form, arithmetic: wanted }, timesteps, images, extreme) => {
          const { neuron, synchronous, recipe } = settle(text, drawn);
          // neurons that send more than a word at once (5 spikes of 2^K) leave less room
          const limit = /burst|if|phase/.test(text) ? SUM_LIMIT / 8 : SUM_LIMIT;
          const network = extreme ? extremes(randomNetwork(recipe), recipe.seed, limit) : randomNetwork(recipe);
          const pixels = randomPixels(network.input.shape, images, recipe.seed);
          const reference = simulateAllSteps(network, pixels, { neuron, synchronous, timesteps });
          const arithmetic = wanted === 'packed' && !device!.packedDot ? 'f32' : wanted;
          // what only cards take runs with their kernels
          const on = arithmetic === 'packed' || arithmetic === 'f32' ? hardware! : device!;
          const options = { neuron, synchronous, timesteps, convolution: form, arithmetic } as const;
          await expectSameSteps(on, network, pixels, reference, options);
          cases++;
        },
      ),
      { numRuns: CASES, seed: 20212, endOnFailure: true },
    );
    expect(cases).toBe(CASES);
  });
});
