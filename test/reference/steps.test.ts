import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { momentAt, oneK, phaseAt } from '../../src/network/timetable.ts';
import { threshold } from '../../src/neuron/bistable.ts';
import { parseNeuron, ruleOf } from '../../src/neuron/neuron.ts';
import { inputCurrent, maxCountStep } from '../../src/reference/operators.ts';
import { simulateSteps } from '../../src/reference/stepped.ts';
import { weightedSums } from '../../src/reference/windowed.ts';
import { firstDifference } from '../helpers/compare.ts';
import { randomNetwork, randomPixels, recipes, recipesByDepth } from '../helpers/random-network.ts';
import { map, maxOfFour, residual } from '../network/hand-made.ts';

const texts = ['bistable', 'if', 'burst:5', 'phase'] as const;

describe('the simulation of any neuron', () => {
  it('T steps are the first T of more: a run may stop inside a window', () => {
    fc.assert(
      fc.property(
        fc.oneof(recipes, recipesByDepth),
        fc.constantFrom(...texts),
        fc.boolean(),
        fc.integer({ min: 1, max: 20 }),
        (recipe, text, synchronous, timesteps) => {
          const network = randomNetwork(recipe);
          const pixels = randomPixels(network.input.shape, 1, recipe.seed);
          const run = (steps: number) =>
            simulateSteps(network, pixels, { neuron: parseNeuron(text), synchronous, timesteps: steps });
          const [short, long] = [run(timesteps), run(timesteps + 7)];
          network.layers.forEach((_, l) => {
            expect(short.trains[l]).toEqual(long.trains[l].slice(0, timesteps));
            expect(short.membranes[l]).toEqual(long.membranes[l].slice(0, timesteps));
          });
        },
      ),
      { numRuns: 25, seed: 1 },
    );
  });

  it('no charge is lost: what a layer was given, by its sources’ words in their own K, is what it sent and what it keeps', () => {
    let deeper = 0;
    fc.assert(
      fc.property(
        fc.oneof(recipes, recipesByDepth),
        fc.constantFrom('if', 'burst:5', 'phase', 'multi', 'multi+'),
        fc.integer({ min: 1, max: 30 }),
        (recipe, text, timesteps) => {
          const network = randomNetwork(recipe);
          const { timetable } = network;
          const K = oneK(timetable);
          if (text.startsWith('multi') && K === null) return;
          const neuron = parseNeuron(text.startsWith('multi') ? `${text}:${K}` : text);
          const pixels = randomPixels(network.input.shape, 1, recipe.seed);
          const { membranes, decoded } = simulateSteps(network, pixels, { neuron, timesteps });
          const q = inputCurrent(network, pixels).map((v) => v * timesteps);
          // the phase neuron’s membrane counts in K-ths
          const share = (depth: number) => (text === 'phase' ? timetable.layers[depth].phases : 1);
          for (const [l, layer] of network.layers.entries()) {
            if (layer.kind !== 'neurons') continue;
            if (layer.terms.some(({ source }) => source >= 0 && network.layers[source].kind === 'pool')) continue;
            if (layer.depth > 1) deeper++;
            const given = weightedSums(network, { ...layer, bias: layer.bias.map((b) => b * timesteps) }, (source) =>
              source < 0 ? q : decoded[source].map((d) => d * share(network.layers[source].depth)),
            );
            const area = layer.shape.height * layer.shape.width;
            const expected = given.map((sum, i) => {
              const g = layer.gridBits[Math.floor(i / area)];
              const start = ruleOf(neuron).initialMembrane(g, timetable.layers[layer.depth].phases, network.initial);
              return start + sum * 2 ** Math.max(0, -g) - threshold(g) * share(layer.depth) * decoded[l][i];
            });
            // where a membrane runs into its bound, charge is lost by intent
            const bound = 2 ** 22;
            if (expected.every((v) => Math.abs(v) < bound)) {
              expect(firstDifference(membranes[l][timesteps - 1], expected), `${text}, ${layer.name}`).toBeNull();
            }
          }
        },
      ),
      { numRuns: 80, seed: 2, endOnFailure: true },
    );
    expect(deeper).toBeGreaterThan(30);
  });

  it('counts are the spikes of the trains, decoded their weights', () => {
    const network = residual();
    const pixels = randomPixels(network.input.shape, 1, 5);
    for (const text of texts) {
      const model = ruleOf(parseNeuron(text));
      const { trains, counts, decoded, spikes } = simulateSteps(network, pixels, { neuron: parseNeuron(text), timesteps: 29 });
      network.layers.forEach((layer, l) => {
        if (layer.kind !== 'neurons') return;
        const weight = (step: number) =>
          model.spikeWeight((model.windowed ? momentAt : phaseAt)(network.timetable, layer.depth, step));
        counts[l].forEach((count, i) => {
          expect(count).toBe(trains[l].reduce((sum, train) => sum + train[i], 0));
          expect(decoded[l][i]).toBe(trains[l].reduce((sum, train, step) => sum + train[i] * weight(step), 0));
        });
        expect(spikes[l]).toBe(counts[l].reduce((sum, n) => sum + n, 0));
      });
    }
  });
});

describe('without synchronous neurons', () => {
  it('a chain of layers is the same with and without; a residual network is not', () => {
    const network = residual();
    const pixels = randomPixels(network.input.shape, 1, 5);
    const run = (synchronous: boolean) => simulateSteps(network, pixels, { synchronous, timesteps: 60 });
    const [held, free] = [run(true), run(false)];
    // the stem and block 1a read one source each; block 1b joins what is a window apart
    for (const l of [0, 1]) expect(held.trains[l]).toEqual(free.trains[l]);
    expect(firstDifference(held.membranes[2].at(-1)!, free.membranes[2].at(-1)!)).not.toBeNull();
  });

  it('a shallow spike arrives in its own step, also before the target’s first window', () => {
    const network = residual();
    const pixels = randomPixels(network.input.shape, 1, 5);
    const { membranes } = simulateSteps(network, pixels, { synchronous: false, timesteps: 8 });
    // block 1b has depth 3 and integrates from step 8; the stem fires from step 4
    expect(membranes[2][3]).toEqual(membranes[2][0]);
    expect(firstDifference(membranes[2][7], membranes[2][3])).not.toBeNull();
  });
});

describe('maximum by count', () => {
  const pool = maxOfFour(1);

  it('the input with the most spikes so far is passed on, this step’s included; the first of several', () => {
    const counted = new Int32Array(4);
    const steps = [
      { sent: [0, 1, 0, 0], out: 1 }, // counts 0 1 0 0
      { sent: [0, 0, 1, 0], out: 0 }, // counts 0 1 1 0: the second still
      { sent: [0, 0, 3, 1], out: 3 }, // counts 0 1 4 1: the third
      { sent: [4, 0, 0, 0], out: 4 }, // counts 4 1 4 1: the first of two
      { sent: [0, 0, 0, 0], out: 0 },
    ];
    for (const { sent, out } of steps) {
      const pooled = new Int32Array(1);
      maxCountStep(pool, map(1, 2), Int32Array.from(sent), counted, pooled);
      expect(pooled[0]).toBe(out);
    }
  });
});
