import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INPUT, sourceShape } from '../../src/graph/ann.ts';
import { blocksInHalves, transposed } from '../../src/scheduler/halves.ts';
import { randomNetwork, recipes } from '../helpers/random-network.ts';

/** The largest sum in magnitude that a run of so many blocks can bring in a term, over all outputs and beginnings. */
function largestSum(
  weights: Int8Array,
  outputs: number,
  inputs: number,
  taps: number,
  groups: number,
  blocks: number,
  most: number,
) {
  let largest = 0;
  for (let o = 0; o < outputs; o++) {
    const first = Math.floor(o / (outputs / groups)) * inputs;
    const block = (i: number) => Math.floor((first + i) / 4) - Math.floor(first / 4);
    for (let start = 0; start <= block(inputs - 1); start++) {
      for (const sign of [1, -1]) {
        // operands that bring the largest sum: `most` where the weight has the sign, else 0
        let sum = 0;
        for (let i = 0; i < inputs * taps; i++) {
          const at = block(Math.floor(i / taps));
          if (at >= start && at < start + blocks) sum += Math.max(0, sign * weights[o * inputs * taps + i]) * most;
        }
        largest = Math.max(largest, sum);
      }
    }
  }
  return largest;
}

describe('blocks whose sums fit half a u32', () => {
  it('random networks: no run of them can exceed 16 bits, and one of twice as many can', () => {
    let [bounded, none] = [0, 0];
    fc.assert(
      fc.property(recipes, fc.integer({ min: 1, max: 255 }), (recipe, most) => {
        const network = randomNetwork(recipe);
        for (const layer of network.layers) {
          if (layer.kind === 'pool') continue;
          const found = blocksInHalves(network, layer, () => most);
          layer.terms.forEach(({ source, operator }, t) => {
            if (operator.type === 'identity') {
              expect(found[t]).toBe(0);
              return;
            }
            const inputs = sourceShape(network, source).channels / operator.groups;
            const taps = operator.window.kernel[0] * operator.window.kernel[1];
            const sum = (blocks: number) =>
              largestSum(operator.weights, layer.shape.channels, inputs, taps, operator.groups, blocks, most);
            if (found[t] > 0) expect(sum(found[t])).toBeLessThanOrEqual(32767);
            const next = Math.max(1, found[t] * 2);
            if (next <= Math.ceil(inputs / 4)) {
              expect(sum(next)).toBeGreaterThan(32767);
              if (found[t] > 0) bounded++;
              else none++;
            }
          });
        }
      }),
      { numRuns: 150, seed: 20215 },
    );
    expect(bounded).toBeGreaterThan(20);
    expect(none).toBeGreaterThan(20);
  });

  it('by default the largest operand is a word, or 255 for pixels', () => {
    const network = fc.sample(recipes, { numRuns: 40, seed: 3 }).map(randomNetwork);
    for (const one of network) {
      const layer = one.layers[0];
      if (layer.kind === 'pool') continue;
      const largest = (source: number) => (source === INPUT ? 255 : 2 ** one.phaseBits - 1);
      expect(blocksInHalves(one, layer)).toEqual(blocksInHalves(one, layer, largest));
    }
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
