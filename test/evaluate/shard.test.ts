import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_IMAGES } from '../../src/evaluate/digest.ts';
import { parseShard, shardImages, shardText } from '../../src/evaluate/shard.ts';

describe('parseShard', () => {
  it.each(['1/1', '3/8', '8/8', '12/1000'])('reads %s', (text) => {
    expect(shardText(parseShard(text)!)).toBe(text);
  });

  it.each(['', '3', '0/8', '9/8', '3/0', '-1/8', '1.5/8', '3/8/9', '3 / 8', 'a/b', '1/99999999999999999999'])(
    'refuses "%s"',
    (text) => {
      expect(parseShard(text)).toBeNull();
    },
  );
});

describe('shardImages', () => {
  it('parts follow one another, begin with blocks, and differ by one block at most', () => {
    const cases = fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(cases, ([images, of]) => {
        const blocks = Math.ceil(images / BLOCK_IMAGES);
        fc.pre(of <= blocks);
        const parts = Array.from({ length: of }, (_, i) => shardImages({ index: i + 1, of }, images));
        expect([parts[0].from, parts[of - 1].to]).toEqual([0, images]);
        parts.forEach(({ from, to }, i) => {
          expect(from % BLOCK_IMAGES).toBe(0);
          expect(to).toBeGreaterThan(from);
          if (i > 0) expect(from).toBe(parts[i - 1].to);
        });
        const sizes = parts.map(({ from, to }) => Math.ceil((to - from) / BLOCK_IMAGES));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  it.each([
    [{ index: 1, of: 6 }, 300, /6 parts of 300 images are too many.*at most 5/],
    [{ index: 0, of: 2 }, 300, /0\/2 is no part/],
    [{ index: 3, of: 2 }, 300, /3\/2 is no part/],
    [{ index: 1.5, of: 2 }, 300, /1.5\/2 is no part/],
  ])('refuses %j of %i images', (shard, images, message) => {
    expect(() => shardImages(shard, images)).toThrow(message);
  });
});
