import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { readoutStep, wordSteps } from '../../src/network/time.ts';
import { logits, simulate } from '../../src/reference/simulate.ts';
import { firstDifference } from '../helpers/compare.ts';
import { randomNetwork, randomPixels, recipes } from '../helpers/random-network.ts';
import { extremes } from '../network/extremes.ts';
import { type BareLayer, map, spiking, square } from '../network/hand-made.ts';
import { currents, pooled, windowedRule } from './windowed-rule.ts';

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

function see(network: SpikingNetwork, words: readonly (readonly number[][])[], membranes: readonly number[][], seen: Seen): void {
  for (const [l, layer] of network.layers.entries()) {
    if (layer.kind === 'pool') {
      seen[layer.mode === 'sum' ? 'sums' : 'maxima']++;
      continue;
    }
    if (layer.terms.some(({ delay }) => delay > 0)) seen.delays++;
    if (layer.kind === 'readout') continue;
    if (layer.gridBits.some((g) => g < 0)) seen.coarse++;
    if (layer.gridBits.some((g) => g === 0)) seen.whole++;
    if (membranes[l].some((v) => v < 0)) seen.negative++;
    if (membranes[l].some((v) => v === -(2 ** 23))) seen.clampedLow++;
    if (membranes[l].some((v) => v >= 2 ** 23 - 2 ** 8)) seen.clampedHigh++;
    if (words[l].some((wave) => wave.includes(2 ** network.phaseBits - 1))) seen.full++;
  }
}

describe('the stepped reference is the windowed rule', () => {
  it('on random networks: words, membranes, the readout after each word', () => {
    const seen: Seen = { delays: 0, coarse: 0, whole: 0, sums: 0, maxima: 0, negative: 0, full: 0, clampedLow: 0, clampedHigh: 0 };
    fc.assert(
      fc.property(recipes, fc.boolean(), (recipe, extreme) => {
        const plain = randomNetwork(recipe);
        const network = extreme ? extremes(plain, recipe.seed) : plain;
        const pixels = randomPixels(network.input.shape, 1, recipe.seed);
        const stepped = simulate(network, pixels, recipe.waves);
        const { words, membranes, readout } = windowedRule(network, pixels, recipe.waves);
        see(network, words, membranes, seen);
        for (const [l, layer] of network.layers.entries()) {
          words[l].forEach((wave, n) => {
            expect(firstDifference(stepped.words[l][n], wave), `words of ${layer.name}, wave ${n}`).toBeNull();
          });
          expect(stepped.words[l].length).toBe(words[l].length);
          expect(firstDifference(stepped.membranes[l], membranes[l]), `membranes of ${layer.name}`).toBeNull();
        }
        readout.forEach((v, n) => {
          expect(firstDifference(stepped.potentials[(n + 1) * network.phaseBits - 1], v), `readout, wave ${n}`).toBeNull();
        });
        expect(stepped.potentials.length).toBe(recipe.waves * network.phaseBits);
      }),
      { numRuns: 150, seed: 3, endOnFailure: true },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, `networks with ${what}`).toBeGreaterThan(2);
  });

  it('potentials after each phase are sums over the upper bits of the words', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const network = randomNetwork(recipe);
        const K = network.phaseBits;
        const pixels = randomPixels(network.input.shape, 1, recipe.seed);
        const stepped = simulate(network, pixels, recipe.waves);
        const { words, readout } = windowedRule(network, pixels, recipe.waves);
        const last = network.layers[network.layers.length - 1];
        if (last.kind === 'pool') throw new Error('no readout');
        const q = Array.from(
          pixels,
          (p, i) => p - network.input.zeroPoint[Math.floor((i * network.input.zeroPoint.length) / pixels.length)],
        );
        for (let n = 0; n < recipe.waves; n++) {
          const before = n === 0 ? readout[0].map(() => 0) : readout[n - 1];
          for (let k = 0; k < K; k++) {
            const upper = (word: number) => Math.floor(word / 2 ** (K - 1 - k)) * 2 ** (K - 1 - k);
            // a pool passes spikes on in the same step: it pools the upper bits
            const prefix = (source: number): number[] => {
              if (source < 0) return q;
              const layer = network.layers[source];
              if (layer.kind !== 'pool') return words[source][n].map(upper);
              return pooled(layer, network.layers[layer.source].shape, prefix(layer.source));
            };
            const expected = currents(network, last, prefix).map((sum, i) => before[i] + sum);
            expect(firstDifference(stepped.potentials[n * K + k], expected), `wave ${n}, phase ${k}`).toBeNull();
          }
        }
      }),
      { numRuns: 60, seed: 5, endOnFailure: true },
    );
  });

  it('spikes are the ones in the words', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const network = randomNetwork(recipe);
        const pixels = randomPixels(network.input.shape, 1, recipe.seed);
        const stepped = simulate(network, pixels, recipe.waves);
        const { words } = windowedRule(network, pixels, recipe.waves);
        const ones = (word: number) => word.toString(2).split('1').length - 1;
        const expected = network.layers.map((layer, l) =>
          layer.kind === 'neurons' ? words[l].flat().reduce((sum, word) => sum + ones(word), 0) : 0,
        );
        expect(stepped.spikes).toEqual(expected);
      }),
      { numRuns: 60, seed: 7, endOnFailure: true },
    );
  });
});

describe('without our reading of a membrane', () => {
  it('one wave from V(0) = 0: words are the floor of the pre-activation, in ordinary arithmetic', () => {
    fc.assert(
      fc.property(recipes, fc.boolean(), (recipe, extreme) => {
        const plain = randomNetwork({ ...recipe, waves: 1, initial: 'zero' });
        const network = extreme ? extremes(plain, recipe.seed) : plain;
        const pixels = randomPixels(network.input.shape, 1, recipe.seed);
        const { words } = simulate(network, pixels, 1);
        network.layers.forEach((layer, l) => {
          if (layer.kind !== 'neurons') return;
          const area = layer.shape.height * layer.shape.width;
          const zero = network.input.zeroPoint;
          const values = (source: number): number[] =>
            source < 0
              ? Array.from(pixels, (p, i) => p - zero[Math.floor((i * zero.length) / pixels.length)])
              : Array.from(words[source][0]);
          // Σ w·word / θ is the pre-activation over λ/2^K
          const expected = currents(network, layer, values).map((sum, i) => {
            const activation = sum * 2 ** -layer.gridBits[Math.floor(i / area)];
            return Math.max(0, Math.min(2 ** network.phaseBits - 1, Math.floor(activation)));
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
  } = options;
  const term = (source: number, w: number) => ({
    source,
    delay: 0,
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
      terms: [term(-1, weight)],
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
    { row: 'g = −2: a unit is four thresholds', net: { weight: 1, g: -2 }, pixel: 2, waves: 2, words: [8, 8], v: 0 },
    { row: 'g = −2, overflow in thresholds', net: { weight: 1, g: -2 }, pixel: 5, waves: 2, words: [15, 15], v: 10 },
    { row: 'K = 1', net: { weight: 1, g: 2, phaseBits: 1 }, pixel: 3, waves: 4, words: [1, 1, 0, 1], v: 2 },
    { row: 'K = 8, the whole range', net: { weight: 1, g: 0, phaseBits: 8 }, pixel: 255, waves: 2, words: [255, 255], v: 0 },
  ])('$row', ({ net, pixel, waves, words, v }) => {
    const result = run(chain(net), pixel, waves);
    expect(result.words).toEqual(words);
    expect(result.v).toBe(v);
  });

  it('V is clamped at −2^23: a later positive wave finds it there and not further down', () => {
    const result = run(chain({ bias: -(2 ** 23) + 5, g: 3 }), 0, 3);
    expect(result.words).toEqual([0, 0, 0]);
    expect(result.v).toBe(-(2 ** 23));
  });

  it('V is clamped at +2^23, before the word is taken', () => {
    const result = run(chain({ bias: 2 ** 23 - 5, g: 0, initial: 'zero' }), 0, 3);
    expect(result.words).toEqual([15, 15, 15]);
    expect(result.v).toBe(2 ** 23 - 15);
  });

  it('the readout is not clamped', () => {
    const result = run(chain({ readoutBias: 2 ** 23 }), 0, 3);
    expect(result.potentials.at(-1)).toBe(3 * 2 ** 23);
  });

  it('the readout’s g does not shift its potential; logits are V · λ/2^K/θ / n', () => {
    for (const readoutGrid of [3, -2]) {
      const network = chain({ weight: 1, readoutWeight: 5, readoutBias: 7, readoutGrid });
      const result = run(network, 9, 2);
      expect(result.potentials).toEqual([47, 47, 47, 52, 99, 99, 99, 104]);
      expect(logits(network, Int32Array.of(104), 2)[0]).toBe((104 * 2) / 2 ** 4 / 2 ** readoutGrid / 2);
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
    const steps = Array.from({ length: 6 }, (_, i) => readoutStep(network, Math.floor(i / 3), i % 3));
    expect(steps).toEqual([4, 5, 6, 10, 11, 12]);
    expect(run(network, 1, 2).potentials.length).toBe(steps.length);
    expect(wordSteps(network, 2)).toBe(12);
  });
});
