import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Neuron, parseNeuron } from '../../src/neuron/neuron.ts';
import { expectSameSteps, simulateAllSteps } from '../helpers/compare-steps.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomNetwork, randomPixels, recipes } from '../helpers/random-network.ts';
import { extremes } from '../network/extremes.ts';

const CASES = 100;

/** Every neuron, bistable also without synchronous neurons. */
const neurons: fc.Arbitrary<{ neuron: Neuron; synchronous: boolean }> = fc.constantFrom(
  ...['bistable', 'bistable', 'if', 'burst:2', 'burst:5', 'phase'].map((text, i) => ({
    neuron: parseNeuron(text),
    synchronous: i !== 1,
  })),
);

describeOnDevice('random networks: the stepped engine equals the reference, step for step', () => {
  it('spikes, membranes, potentials, accumulators, in every form', { timeout: 300_000 }, async () => {
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(
        recipes,
        neurons,
        fc.constantFrom('dense', 'spikes', 'fused'),
        fc.constantFrom('halves', 'integers', 'packed', 'f32'),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (recipe, { neuron, synchronous }, form, wanted, timesteps, images, extreme) => {
          const network = extreme ? extremes(randomNetwork(recipe), recipe.seed) : randomNetwork(recipe);
          const pixels = randomPixels(network.input.shape, images, recipe.seed);
          const reference = simulateAllSteps(network, pixels, { neuron, synchronous, timesteps });
          const fused = form === 'fused';
          const convolution = fused ? 'dense' : form;
          const arithmetic = wanted === 'packed' && !device!.packedDot ? 'f32' : wanted;
          const options = { neuron, synchronous, timesteps, fused, convolution, arithmetic } as const;
          await expectSameSteps(device!, network, pixels, reference, options);
          cases++;
        },
      ),
      { numRuns: CASES, seed: 20212, endOnFailure: true },
    );
    expect(cases).toBe(CASES);
  });
});
