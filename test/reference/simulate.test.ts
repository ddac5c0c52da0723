import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { readoutPhases, readoutStep, wordSteps } from '../../src/network/timetable.ts';
import { inputCurrent } from '../../src/reference/operators.ts';
import { logits, type Simulation, simulate } from '../../src/reference/simulate.ts';
import { weightedSums, windowed } from '../../src/reference/windowed.ts';
import { firstDifference } from '../helpers/compare.ts';
import { randomNetwork, randomPixels, recipes, recipesByDepth } from '../helpers/random-network.ts';
import { extremes } from '../network/extremes.ts';
import { type BareLayer, map, residual, spiking, square } from '../network/hand-made.ts';

/** What random networks must have shown for the property to mean something. */
interface Seen {
  delays: number;
  coarse: number;
  whole: number;
  sums: number;
  maxima: number;
  negative: number;
  full: number;
  clampedLow: number;
  clampedHigh: number;
}

function see(network: SpikingNetwork, { words, membranes }: Simulation, seen: Seen): void {
  for (const [l, layer] of network.layers.entries()) {
    if (layer.kind === 'pool') {
      seen[layer.mode === 'sum' ? 'sums' : 'maxima']++;
      continue;
    }
    if (layer.terms.some(({ delay }) => delay > 0)) seen.delays++;
    if (layer.kind === 'readout') continue;
    if (layer.terms.some(({ shifts }) => shifts.some((s) => s > 0))) seen.coarse++;
    if (layer.gridBits.some((g) => g === 0)) seen.whole++;
    if (membranes[l].some((v) => v < 0)) seen.negative++;
    if (membranes[l].some((v) => v === 1 - 2 ** 30)) seen.clampedLow++;
    if (membranes[l].some((v) => v >= 2 ** 30 - 2 ** 8)) seen.clampedHigh++;
    if (words[l].some((wave) => wave.includes(layer.units.most))) seen.full++;
  }
}

describe.each([
  ['with one K', recipes],
  ['with K by depth', recipesByDepth],
])('the stepped reference is the windowed rule, %s', (_, drawn) => {
  it('on random networks: every word, membrane, potential and count of spikes', () => {
    const seen: Seen = { delays: 0, coarse: 0, whole: 0, sums: 0, maxima: 0, negative: 0, full: 0, clampedLow: 0, clampedHigh: 0 };
    fc.assert(
      fc.property(drawn, fc.boolean(), (recipe, extreme) => {
        const plain = randomNetwork(recipe);
        const network = extreme ? extremes(plain, recipe.seed) : plain;
        const pixels = randomPixels(network.input.shape, 1, recipe.seed);
        const stepped = simulate(network, pixels, recipe.waves);
        const closed = windowed(network, pixels, recipe.waves);
        see(network, closed, seen);
        for (const [l, layer] of network.layers.entries()) {
          expect(stepped.words[l].length).toBe(layer.kind === 'readout' ? 0 : recipe.waves);
          closed.words[l].forEach((wave, n) => {
            expect(firstDifference(stepped.words[l][n], wave), `words of ${layer.name}, wave ${n}`).toBeNull();
          });
          expect(firstDifference(stepped.membranes[l], closed.membranes[l]), `membranes of ${layer.name}`).toBeNull();
        }
        closed.potentials.forEach((v, i) => {
          expect(firstDifference(stepped.potentials[i], v), `potentials, step ${i}`).toBeNull();
        });
        expect(stepped.potentials.length).toBe(recipe.waves * readoutPhases(network.timetable));
        expect(stepped.spikes).toEqual(closed.spikes);
      }),
      { numRuns: 150, seed: 3, endOnFailure: true },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, `networks with ${what}`).toBeGreaterThan(2);
  });
});

it('K by depth draws what it is about: words that are longer than their partners’ window, and periods with idle steps', () => {
  const seen = { longer: 0, shorter: 0, idle: 0 };
  fc.assert(
    fc.property(recipesByDepth, (recipe) => {
      const { timetable, layers } = randomNetwork(recipe);
      const held = layers.flatMap((layer) =>
        layer.kind === 'pool'
          ? []
          : layer.terms
              .filter(({ source, delay }) => source >= 0 && delay > 0)
              .map(({ source }) => timetable.layers[layers[source].depth].phases - timetable.layers[layer.depth - 1].phases),
      );
      if (held.some((more) => more > 0)) seen.longer++;
      if (held.some((more) => more < 0)) seen.shorter++;
      if (timetable.layers.slice(1, -1).some((d) => d.integrates.steps + d.phases < timetable.period)) seen.idle++;
    }),
    { numRuns: 100, seed: 4 },
  );
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(5);
});

it('the windowed rule does not change with K of depths that a word does not meet: it is that of one K there', () => {
  const [one, two] = [residual(6, 5), residual(6, [3, 5, 5, 5, 5, 5, 5])];
  const pixels = randomPixels(one.input.shape, 1, 1);
  // the input's window is time alone
  expect(windowed(two, pixels, 3)).toEqual(windowed(one, pixels, 3));
  expect(simulate(two, pixels, 3)).toEqual(simulate(one, pixels, 3));
  expect(wordSteps(two.timetable, 1)).toBe(wordSteps(one.timetable, 1) - 2);
});

describe('without our reading of a membrane', () => {
  it('one wave from V(0) = 0: words are the floor of the pre-activation, in ordinary arithmetic', () => {
    fc.assert(
      fc.property(recipesByDepth, fc.boolean(), (recipe, extreme) => {
        const plain = randomNetwork({ ...recipe, waves: 1, initial: 'zero' });
        const network = extreme ? extremes(plain, recipe.seed) : plain;
        const pixels = randomPixels(network.input.shape, 1, recipe.seed);
        const { words } = simulate(network, pixels, 1);
        network.layers.forEach((layer, l) => {
          if (layer.kind !== 'neurons') return;
          const area = layer.shape.height * layer.shape.width;
          const q = inputCurrent(network, pixels);
          // Σ w·word / θ is the pre-activation over λ/2^K
          const sums = weightedSums(network, layer, (source) => (source < 0 ? q : words[source][0]));
          const expected = sums.map((sum, i) => {
            const activation = sum * 2 ** -layer.gridBits[Math.floor(i / area)];
            return Math.max(0, Math.min(layer.units.most, Math.floor(activation)));
          });
          expect(firstDifference(words[l][0], expected), layer.name).toBeNull();
        });
      }),
      { numRuns: 100, seed: 11, endOnFailure: true },
    );
  });
});

/** One input pixel, one neuron with one weight, a bias and a grid; a readout that repeats it. */
function chain(options: {
  weight?: number;
  bias?: number;
  g?: number;
  phaseBits?: number;
  initial?: 'half' | 'zero';
  readoutWeight?: number;
  readoutBias?: number;
  readoutGrid?: number;
  shift?: number;
}): SpikingNetwork {
  const {
    weight = 0,
    bias = 0,
    g = 0,
    phaseBits = 4,
    initial = 'half',
    readoutWeight = 1,
    readoutBias = 0,
    readoutGrid = 3,
    shift = 0,
  } = options;
  const term = (source: number, w: number, shift = 0) => ({
    source,
    delay: 0,
    shifts: Int8Array.of(shift),
    operator: { type: 'convolution' as const, weights: Int8Array.of(w), window: square(1), groups: 1 },
  });
  const layers: BareLayer[] = [
    {
      kind: 'neurons',
      name: 'neuron',
      shape: map(1),
      depth: 1,
      scale: 1,
      gridBits: Int8Array.of(g),
      bias: Int32Array.of(bias),
      terms: [term(-1, weight, shift)],
    },
    {
      kind: 'readout',
      name: 'readout',
      shape: map(1),
      depth: 2,
      scale: 2,
      gridBits: Int8Array.of(readoutGrid),
      bias: Int32Array.of(readoutBias),
      terms: [term(0, readoutWeight)],
    },
  ];
  return spiking(map(1), layers, { phaseBits, initial });
}

const run = (network: SpikingNetwork, pixel: number, waves: number) => {
  const { words, membranes, potentials } = simulate(network, Uint8Array.of(pixel), waves);
  return { words: words[0].map((w) => w[0]), v: membranes[0][0], potentials: potentials.map((p) => p[0]) };
};

describe('one neuron by hand', () => {
  it.each([
    { row: 'a threshold of 8: 3·5 + 4 = 19 = 2·8 + 3', net: { weight: 3, g: 3 }, pixel: 5, waves: 1, words: [2], v: 3 },
    { row: 'from zero, 15 = 1·8 + 7', net: { weight: 3, g: 3, initial: 'zero' as const }, pixel: 5, waves: 1, words: [1], v: 7 },
    { row: 'what is left is carried on', net: { weight: 3, g: 3 }, pixel: 5, waves: 3, words: [2, 2, 2], v: 1 },
    {
      row: 'the bias comes once a wave',
      net: { bias: 9, g: 3, initial: 'zero' as const },
      pixel: 0,
      waves: 3,
      words: [1, 1, 1],
      v: 3,
    },
    { row: 'a full word leaves the overflow', net: { weight: 1, g: 0 }, pixel: 255, waves: 2, words: [15, 15], v: 480 },
    { row: 'a negative sum is silent and stays', net: { weight: -1, g: 0 }, pixel: 7, waves: 2, words: [0, 0], v: -14 },
    { row: 'θ = 1 with half is θ = 1 with zero', net: { weight: 1, g: 0 }, pixel: 9, waves: 2, words: [9, 9], v: 0 },
    { row: 'a term that counts in fours', net: { weight: 1, g: 0, shift: 2 }, pixel: 2, waves: 2, words: [8, 8], v: 0 },
    { row: 'the same, with an overflow', net: { weight: 1, g: 0, shift: 2 }, pixel: 5, waves: 2, words: [15, 15], v: 10 },
    { row: 'K = 1', net: { weight: 1, g: 2, phaseBits: 1 }, pixel: 3, waves: 4, words: [1, 1, 0, 1], v: 2 },
    { row: 'K = 8, the whole range', net: { weight: 1, g: 0, phaseBits: 8 }, pixel: 255, waves: 2, words: [255, 255], v: 0 },
  ])('$row', ({ net, pixel, waves, words, v }) => {
    const result = run(chain(net), pixel, waves);
    expect(result.words).toEqual(words);
    expect(result.v).toBe(v);
  });

  it('V is clamped at −(2^30 − 1): a later positive wave finds it there and not further down', () => {
    const result = run(chain({ bias: -(2 ** 30) + 5, g: 3 }), 0, 3);
    expect(result.words).toEqual([0, 0, 0]);
    expect(result.v).toBe(1 - 2 ** 30);
  });

  it('V is clamped at 2^30 − 1, before the word is taken', () => {
    const result = run(chain({ bias: 2 ** 30 - 5, g: 0, initial: 'zero' }), 0, 3);
    expect(result.words).toEqual([15, 15, 15]);
    expect(result.v).toBe(2 ** 30 - 16);
  });

  it('the readout is not clamped, also beyond 32 bits', () => {
    const result = run(chain({ readoutBias: 2 ** 30 - 1 }), 0, 5);
    expect(result.potentials.at(-1)).toBe(5 * (2 ** 30 - 1));
  });

  it('the readout’s g does not shift its potential; logits are V · λ/2^K/θ / n', () => {
    for (const readoutGrid of [3, 0]) {
      const network = chain({ weight: 1, readoutWeight: 5, readoutBias: 7, readoutGrid });
      const result = run(network, 9, 2);
      expect(result.potentials).toEqual([47, 47, 47, 52, 99, 99, 99, 104]);
      expect(logits(network, Float64Array.of(104), 2)[0]).toBe((104 * 2) / 2 ** 4 / 2 ** readoutGrid / 2);
    }
  });

  it('zero in gives zero out', () => {
    const result = run(chain({ weight: 127, g: 3 }), 0, 4);
    expect(result.words).toEqual([0, 0, 0, 0]);
    expect(result.v).toBe(4);
  });
});

describe('the readout’s time', () => {
  it('potentials have one entry for each step of its integrating windows, the last at T_n', () => {
    const network = chain({ weight: 1, phaseBits: 3 });
    const steps = Array.from({ length: 6 }, (_, i) => readoutStep(network.timetable, Math.floor(i / 3), i % 3));
    expect(steps).toEqual([4, 5, 6, 10, 11, 12]);
    expect(run(network, 1, 2).potentials.length).toBe(steps.length);
    expect(wordSteps(network.timetable, 2)).toBe(12);
  });
});
