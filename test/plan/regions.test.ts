import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layRegions, planesOf, type Region } from '../../src/plan/words/regions.ts';
import { randomNetwork, recipes } from '../helpers/random-network.ts';

describe('bytes of a value', () => {
  it.each([
    { max: 1, planes: 1, row: 'K = 1' },
    { max: 127, planes: 1, row: 'K = 7' },
    { max: 128, planes: 1, row: 'no sign bit is lost' },
    { max: 255, planes: 1, row: 'K = 8, pixels' },
    { max: 256, planes: 2, row: 'the first with two bytes' },
    { max: 15 * 64, planes: 2, row: 'sums of 8 × 8 words, K = 4' },
    { max: 65535, planes: 2, row: 'the last with two' },
    { max: 65536, planes: 3, row: 'the first with three' },
    { max: 2 ** 24 - 1, planes: 3, row: 'the largest' },
  ])('$max: $row', ({ max, planes }) => {
    expect(planesOf(max)).toBe(planes);
  });

  it('every maximum has the bytes it needs and no more', () => {
    for (let max = 1; max < 2 ** 18; max++) {
      const bytes = Math.ceil(max.toString(2).length / 8);
      if (planesOf(max) !== bytes) expect({ max, planes: planesOf(max) }).toBe(bytes);
    }
  });
});

describe('regions of the arena', () => {
  it('nobody writes over words that are still to be read', () => {
    fc.assert(
      fc.property(recipes, fc.integer({ min: 1, max: 40 }), fc.boolean(), (recipe, batch, keep) => {
        const network = randomNetwork(recipe);
        const { regions, words } = layRegions(network, batch, recipe.waves, keep);
        const constants = 1 + Math.ceil(network.input.shape.channels / 4);
        const last = network.layers.length;
        // [from, to) of each region, and the dispatches that write and last read it
        const spans = regions.slice(0, last).map((r, i) => {
          const region = r as Region;
          const waves = region.waveStride === 0 ? 1 : recipe.waves * region.phases;
          const size = (region.waveStride || region.planeStride) * waves;
          const readers = network.layers.flatMap((layer, l) => {
            const sources = layer.kind === 'pool' ? [layer.source] : layer.terms.map(({ source }) => source);
            return sources.includes(i - 1) ? [l] : [];
          });
          return { from: region.first, to: region.first + size, written: i - 1, read: keep ? last : Math.max(i - 1, ...readers) };
        });
        spans.forEach((a, i) => {
          expect(a.from).toBeGreaterThanOrEqual(constants);
          expect(a.to).toBeLessThanOrEqual(words);
          for (const b of spans.slice(i + 1)) {
            const together = a.written <= b.read && b.written <= a.read;
            if (together && a.from < b.to && b.from < a.to) expect({ a, b }).toBe('apart');
          }
        });
        expect(regions[last]).toBeNull();
      }),
      { numRuns: 100, seed: 43 },
    );
  });

  it('keeping all words takes the sum of them, reuse takes less in a chain', () => {
    const network = randomNetwork({ seed: 5, layers: 6, channels: 12, size: 9, phaseBits: 4, waves: 2, initial: 'half' });
    expect(layRegions(network, 8, 2, false).words).toBeLessThan(layRegions(network, 8, 2, true).words);
  });
});
