import { expect, it } from 'vitest';
import type { Comparison } from '../../src/evaluate/comparison.ts';
import { comparisonPicture } from '../../src/report/comparison.ts';

it('comparisonPicture names network, data set and images, and has every row', () => {
  const rows = [{ neuron: 'if', t: 8, top1: 0.5, sin: 0.1 }] as unknown as Comparison['rows'];
  const found = { model: 'net', dataset: 'data', images: 1234, phaseBits: 4, ann: { top1: 0.9 }, rows } as unknown as Comparison;
  expect(comparisonPicture(found)).toEqual({
    title: 'net on data',
    subtitle: '1,234 images, K = 4',
    annTop1: 0.9,
    points: rows,
  });
});
