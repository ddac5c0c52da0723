import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_IMAGES, digester, wordDigest } from '../../src/evaluate/digest.ts';

const SIZE = 5;

/** Words of images [first, first + images): no two the same. */
const words = (first: number, images: number): Uint8Array =>
  Uint8Array.from({ length: images * SIZE }, (_, i) => (first + Math.floor(i / SIZE)) >> (2 * (i % SIZE)));

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** As the specification says it. */
function specified(images: number): string {
  const blocks = Array.from({ length: Math.ceil(images / BLOCK_IMAGES) }, (_, block) => {
    const first = block * BLOCK_IMAGES;
    const some = Math.min(BLOCK_IMAGES, images - first);
    return sha256(Buffer.concat(Array.from({ length: some }, (_, n) => sha256(words(first + n, 1)))));
  });
  return sha256(Buffer.concat(blocks)).toString('hex');
}

describe('digest', () => {
  it('is the specified one for any batches, in any order, with any ends between', () => {
    const cases = fc.record({
      images: fc.integer({ min: 1, max: 3 * BLOCK_IMAGES }),
      batch: fc.integer({ min: 1, max: 90 }),
      cut: fc.integer({ min: 0, max: 3 * BLOCK_IMAGES }),
    });
    fc.assert(
      fc.property(cases, ({ images, batch, cut }) => {
        const batches = [0, ...Array.from({ length: images }, (_, i) => i + 1).filter((i) => i % batch === 0 && i < images)];
        const [before, after] = [batches.filter((first) => first >= cut), batches.filter((first) => first < cut)];
        let digests = digester(images);
        for (const first of before)
          digests.add(first, Math.min(batch, images - first), words(first, Math.min(batch, images - first)));
        digests = digester(images, JSON.parse(JSON.stringify(digests.state())));
        for (const first of after)
          digests.add(first, Math.min(batch, images - first), words(first, Math.min(batch, images - first)));
        expect(wordDigest(digests.blocks()).sha256).toBe(specified(images));
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it('sees every byte, and only in the block of its image', () => {
    const images = 2 * BLOCK_IMAGES + 3;
    const of = (bytes: Uint8Array) => {
      const digests = digester(images);
      digests.add(0, images, bytes);
      return digests.blocks();
    };
    const all = words(0, images);
    const plain = of(all);
    for (const image of [0, BLOCK_IMAGES - 1, BLOCK_IMAGES, images - 1]) {
      const changed = of(all.with(image * SIZE + (image % SIZE), 255));
      const differing = plain.flatMap((one, block) => (one === changed[block] ? [] : [block]));
      expect(differing).toEqual([Math.floor(image / BLOCK_IMAGES)]);
    }
  });
});
