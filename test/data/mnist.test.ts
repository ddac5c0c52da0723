import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitDigits } from '../../src/data/mnist.ts';
import { openDataSet } from '../../src/data/open.ts';
import type { ImageSource } from '../../src/run/source.ts';
import { pixelsOf } from '../helpers/images.ts';

const set = await openDataSet('mnist');

const contents = async (images: ImageSource) => {
  const pixels = await pixelsOf(images);
  return Array.from({ length: images.count }, (_, i) => Buffer.from(pixels.subarray(i * 784, (i + 1) * 784)).toString('latin1'));
};

const digitCounts = (images: ImageSource) =>
  Array.from(images.labels!).reduce((counts, label) => counts.with(label, counts[label] + 1), Array<number>(10).fill(0));

describe('the package', () => {
  test('2,000 images to evaluate on, 8,000 to train on', () => {
    expect(digitCounts(set.evaluation)).toEqual([200, 225, 198, 206, 196, 173, 203, 214, 189, 196]);
    expect(digitCounts(set.training!)).toEqual([801, 902, 793, 826, 784, 690, 811, 856, 755, 782]);
    expect(set.evaluation.count).toBe(2000);
    expect(set.training!.count).toBe(8000);
    expect(set.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  test('no image is there twice, so training has never seen an evaluation image', async () => {
    expect(new Set([...(await contents(set.evaluation)), ...(await contents(set.training!))]).size).toBe(10000);
  });

  test('pixels use the whole range of a byte', async () => {
    const pixels = await pixelsOf(set.evaluation);
    expect(pixels).toHaveLength(2000 * 784);
    expect(pixels.reduce((a, b) => Math.max(a, b))).toBe(255);
    expect(pixels.reduce((a, b) => Math.min(a, b))).toBe(0);
  });

  test('opened again it is the same', async () => {
    const again = await openDataSet('mnist');
    expect(Buffer.compare(await pixelsOf(again.evaluation), await pixelsOf(set.evaluation))).toBe(0);
    expect(again.evaluation.labels).toEqual(set.evaluation.labels);
  });
});

describe('the split', () => {
  const countsOf = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

  test('holds every image once', () => {
    fc.assert(
      fc.property(countsOf, (counts) => {
        const { training, evaluation } = splitDigits(counts);
        const all = [...training, ...evaluation].map(({ digit, index }) => `${digit}/${index}`);
        expect(all).toHaveLength(counts.reduce((a, b) => a + b));
        expect(new Set(all).size).toBe(all.length);
        expect(all.every((key) => Number(key.split('/')[1]) < counts[Number(key.split('/')[0])])).toBe(true);
      }),
    );
  });

  test('every prefix has each digit in proportion, to within one image either way', () => {
    fc.assert(
      fc.property(countsOf, (counts) => {
        const { training } = splitDigits(counts);
        const totals = counts.map((_, digit) => training.filter((pick) => pick.digit === digit).length);
        const seen = counts.map(() => 0);
        training.forEach(({ digit }, i) => {
          seen[digit]++;
          const last = Math.max(...totals.map((total, d) => (total > 0 ? (seen[d] - 0.5) / total : 0)));
          // All digits stand at the same place of their range: none is a whole image ahead of or behind `last`.
          for (const [d, total] of totals.entries()) expect(Math.abs(seen[d] - last * total), `after ${i}`).toBeLessThanOrEqual(1);
        });
      }),
    );
  });
});
