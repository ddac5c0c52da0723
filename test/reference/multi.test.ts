import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import type { SpikingNetwork, SpikingPool } from '../../src/network/network.ts';
import { readoutPhases } from '../../src/network/timetable.ts';
import { ruleOf } from '../../src/neuron/neuron.ts';
import { maxStep, maxSumStep } from '../../src/reference/operators.ts';
import { simulateSteps } from '../../src/reference/stepped.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { kOf } from '../helpers/closed-times.ts';
import { firstDifference } from '../helpers/compare.ts';
import { randomNetwork, randomPixels, recipes } from '../helpers/random-network.ts';
import { extremes } from '../network/extremes.ts';
import { map, maxOfFour, residual } from '../network/hand-made.ts';

const network = (recipe: Parameters<typeof randomNetwork>[0], extreme: boolean): SpikingNetwork => {
  const plain = randomNetwork(recipe);
  return extreme ? extremes(plain, recipe.seed) : plain;
};

const ones = (word: number) => Math.abs(word).toString(2).split('1').length - 1;

describe('one step by hand, θ = 2, n = 3', () => {
  const moment = { phaseBits: 3, phase: 0, state: 'firing', last: false } as const;
  it.each([
    { row: 'the word is the floor', name: 'multi', v: 11, sent: 0, word: 5, left: 1, spikes: 2 },
    { row: 'seven at most', name: 'multi', v: 40, sent: 0, word: 7, left: 26, spikes: 3 },
    { row: 'nothing sent, nothing to take back', name: 'multi', v: -5, sent: 0, word: 0, left: -5, spikes: 0 },
    { row: 'takes back what is too much', name: 'multi', v: -5, sent: 9, word: -3, left: 1, spikes: 2 },
    { row: 'no more than was sent', name: 'multi', v: -5, sent: 2, word: -2, left: -1, spikes: 1 },
    { row: 'no more than a word', name: 'multi', v: -50, sent: 100, word: -7, left: -36, spikes: 3 },
    { row: 'multi+ never takes back', name: 'multi+', v: -5, sent: 9, word: 0, left: -5, spikes: 0 },
    { row: 'V is bounded before the word', name: 'multi+', v: 2 ** 30 + 100, sent: 0, word: 7, left: 2 ** 30 - 15, spikes: 3 },
  ] as const)('$name: $row', ({ name, v, sent, word, left, spikes }) => {
    expect(ruleOf({ name, bits: 3 }).fire(v, 1, moment, sent)).toEqual({ v: left, word, spikes });
  });
});

describe('multi+:n', () => {
  it('after T steps is the windowed bistable network with K = n after word T: words, membranes, potentials', () => {
    const seen = { words: 0, maxima: 0, sums: 0, joins: 0 };
    fc.assert(
      fc.property(recipes, fc.boolean(), (recipe, extreme) => {
        const net = network(recipe, extreme);
        const pixels = randomPixels(net.input.shape, 1, recipe.seed);
        const neuron = { name: 'multi+', bits: kOf(net) } as const;
        const steps = simulateSteps(net, pixels, { neuron, timesteps: recipe.waves });
        for (let t = 1; t <= recipe.waves; t++) {
          const words = windowed(net, pixels, t);
          for (const [l, layer] of net.layers.entries()) {
            if (layer.kind === 'readout') continue;
            const where = `${layer.name} after ${t}`;
            expect(firstDifference(steps.trains[l][t - 1], words.words[l][t - 1]), `word of ${where}`).toBeNull();
            if (layer.kind === 'neurons') {
              expect(firstDifference(steps.membranes[l][t - 1], words.membranes[l]), `membranes of ${where}`).toBeNull();
              if (words.words[l][t - 1].some((w) => w > 0)) seen.words++;
              if (layer.terms.some(({ delay }) => delay > 0)) seen.joins++;
            } else seen[layer.mode === 'max' ? 'maxima' : 'sums']++;
          }
          const last = words.potentials[t * readoutPhases(net.timetable) - 1];
          expect(firstDifference(steps.potentials[t - 1], last), `potentials after ${t}`).toBeNull();
          if (t === recipe.waves) expect(steps.spikes).toEqual(words.spikes);
        }
      }),
      { numRuns: 150, seed: 71, endOnFailure: true },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(20);
  });
});

describe('multi:n', () => {
  it('never has sent less than nothing; spikes are the bits of its words; no charge is lost', () => {
    let takenBack = 0;
    fc.assert(
      fc.property(recipes, fc.integer({ min: 1, max: 12 }), (recipe, timesteps) => {
        const net = network(recipe, false);
        const pixels = randomPixels(net.input.shape, 1, recipe.seed);
        const { trains, counts, decoded } = simulateSteps(net, pixels, {
          neuron: { name: 'multi', bits: kOf(net) },
          timesteps,
        });
        net.layers.forEach((layer, l) => {
          if (layer.kind === 'readout') return;
          const sums = new Int32Array(trains[l][0].length);
          const spikes = new Int32Array(sums.length);
          for (const words of trains[l]) {
            words.forEach((word, i) => {
              sums[i] += word;
              spikes[i] += ones(word);
              if (sums[i] < 0) expect({ layer: layer.name, i, sum: sums[i] }).toBe('not negative');
              if (word < 0) takenBack++;
            });
          }
          if (layer.kind !== 'neurons') return;
          expect(firstDifference(decoded[l], sums)).toBeNull();
          expect(firstDifference(counts[l], spikes)).toBeNull();
        });
      }),
      { numRuns: 60, seed: 72, endOnFailure: true },
    );
    expect(takenBack).toBeGreaterThan(100);
  });

  it('what a max pool has sent is the maximum of what its inputs have; a sum pool sums signed words', () => {
    const net = residual(8);
    const pixels = randomPixels(net.input.shape, 1, 3);
    const { trains, decoded } = simulateSteps(net, pixels, { neuron: { name: 'multi', bits: 4 }, timesteps: 9 });
    const total = (l: number) =>
      trains[l].reduce((sum, words) => sum.map((s, i) => s + words[i]), new Int32Array(trains[l][0].length));
    const [max, global] = [net.layers[5] as SpikingPool, net.layers[7] as SpikingPool];
    const expected = new Int32Array(total(5).length);
    maxStep(max, net.layers[2].shape, decoded[2], expected);
    expect(total(5)).toEqual(expected);
    const area = net.layers[6].shape.height * net.layers[6].shape.width;
    expect(global.mode).toBe('sum');
    total(7).forEach((sum, c) => {
      expect(sum).toBe(decoded[6].subarray(c * area, (c + 1) * area).reduce((a, b) => a + b, 0));
    });
  });
});

describe('maximum of sums so far', () => {
  const pool = maxOfFour(7);

  it('its change is sent, also when it falls', () => {
    const memory = { summed: new Int32Array(4), before: new Int32Array(1) };
    const steps = [
      { sent: [0, 5, 0, 2], out: 5 }, // 0 5 0 2
      { sent: [0, -3, 0, 2], out: -1 }, // 0 2 0 4
      { sent: [0, 0, 4, 0], out: 0 }, // 0 2 4 4
      { sent: [7, 0, -4, -4], out: 3 }, // 7 2 0 0
      { sent: [-7, -2, 0, 0], out: -7 }, // all zero
    ];
    for (const { sent, out } of steps) {
      const pooled = new Int32Array(1);
      maxSumStep(pool, map(1, 2), Int32Array.from(sent), memory, pooled);
      expect(pooled[0]).toBe(out);
    }
  });
});

it('a network of another K is refused', () => {
  const run = (phaseBits: number | readonly number[]) => () =>
    simulateSteps(residual(4, phaseBits), new Uint8Array(48), { neuron: { name: 'multi', bits: 4 }, timesteps: 1 });
  expect(run(4)).not.toThrow();
  expect(run(5)).toThrow(OptionError);
  expect(run(5)).toThrow(/convert with K = 4/);
  expect(run([4, 4, 4, 4, 4, 4, 3])).toThrow(/differs by depth/);
});
