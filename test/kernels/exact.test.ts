import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceShape } from '../../src/ann/ann.ts';
import { fitsHalves, fitsSigned, type Settled, signedBytes, transposed } from '../../src/kernels/exact.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingReadout } from '../../src/network/network.ts';
import { randomNetwork, recipes } from '../helpers/random-network.ts';

/** The largest magnitude that a sum reaches between two moments when it is taken out, for operands from 0 to `most`. */
function largestSum(network: SpikingNetwork, layer: SpikingNeurons | SpikingReadout, settled: Settled, most: number): number {
  let largest = 0;
  for (const { source, operator } of layer.terms) {
    if (operator.type === 'identity') continue;
    const inputs = sourceShape(network, source).channels / operator.groups;
    const taps = operator.window.kernel[0] * operator.window.kernel[1];
    for (let o = 0; o < layer.shape.channels; o++) {
      const first = Math.floor((o * operator.groups) / layer.shape.channels) * inputs;
      const sums = new Map<number, [number, number]>();
      for (let i = 0; i < inputs; i++) {
        const at = settled === 'term' ? 0 : Math.floor((first + i) / 4);
        const [up, down] = sums.get(at) ?? [0, 0];
        const own = operator.weights.subarray((o * inputs + i) * taps, (o * inputs + i + 1) * taps);
        const sum = (sign: number) => own.reduce((all, w) => all + Math.max(0, sign * w) * most, 0);
        sums.set(at, [up + sum(1), down + sum(-1)]);
      }
      largest = Math.max(largest, ...[...sums.values()].flat());
    }
  }
  return largest;
}

describe.each(['block', 'term'] as const)('sums that are taken out once a %s', (settled) => {
  it('fit where the largest is below 2^15', () => {
    let [fitting, others] = [0, 0];
    fc.assert(
      fc.property(recipes, fc.integer({ min: 1, max: 255 }), (recipe, most) => {
        const network = randomNetwork(recipe);
        for (const layer of network.layers) {
          if (layer.kind === 'pool') continue;
          const fits = largestSum(network, layer, settled, most) < 2 ** 15;
          expect(fitsHalves(network, layer, settled, () => most)).toBe(fits);
          if (fits) fitting++;
          else others++;
        }
      }),
      { numRuns: 150, seed: 20215 },
    );
    expect(fitting).toBeGreaterThan(50);
    expect(others).toBeGreaterThan(50);
  });
});

it('transposed weights: input channel c of output u becomes output u of input channel c, four by four', () => {
  const packed = Uint32Array.from({ length: 8 }, (_, i) => 0x03020100 + 0x10101010 * (i % 4) + 0x04040404 * (i >> 2));
  const found = transposed(packed);
  expect([...found].map((w) => w.toString(16))).toEqual([
    '30201000',
    '31211101',
    '32221202',
    '33231303',
    '34241404',
    '35251505',
    '36261606',
    '37271707',
  ]);
  expect([...transposed(found)]).toEqual([...packed]);
});

describe('signed bytes', () => {
  it('are all words where none passes 127, of every convolution', () => {
    const counts = { fits: 0, not: 0 };
    fc.assert(
      fc.property(recipes, fc.integer({ min: 100, max: 150 }), (recipe, most) => {
        const network = randomNetwork(recipe);
        for (const layer of network.layers) {
          if (layer.kind === 'pool') continue;
          const convolved = layer.terms.filter(({ operator }) => operator.type !== 'identity').map(({ source }) => source);
          // the pixels hold whole bytes
          const largest = (source: number) => (source === -1 ? 255 : most);
          const fits = !convolved.includes(-1) && (convolved.length === 0 || most <= 127);
          expect(fitsSigned(layer, largest)).toBe(fits);
          counts[fits ? 'fits' : 'not']++;
        }
      }),
      { numRuns: 100, seed: 20217 },
    );
    expect(Math.min(counts.fits, counts.not)).toBeGreaterThan(50);
  });

  it('weights lose the 128 that is in each', () => {
    const weights = [-128, -127, -1, 0, 1, 2, 126, 127];
    const packed = new Uint32Array(Uint8Array.from(weights, (w) => w + 128).buffer);
    expect([...new Int8Array(signedBytes(packed).buffer)]).toEqual(weights);
  });
});
