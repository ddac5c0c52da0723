import { expect, test } from 'vitest';
import { comparisonChart } from '../../src/plot/comparison.ts';
import { renderSvg } from '../../src/plot/render.ts';

test('a comparison has both panels, one point for each value that is there, and the trained network', async () => {
  const points = [
    { neuron: 'if', t: 8, top1: 0.5, sin: 0.1 },
    { neuron: 'if', t: 16, top1: 0.7, sin: 0.12 },
    { neuron: 'bistable', t: 8, top1: null, sin: 0 },
    { neuron: 'bistable', t: 16, top1: 0.8, sin: 0.01 },
  ];
  const svg = await renderSvg(comparisonChart({ title: 'a network', subtitle: '100 images', annTop1: 0.81, points }));
  for (const text of ['a network', '100 images', 'ANN 81.0 %', 'top-1 accuracy', 'SIN ratio', 'bistable'])
    expect(svg).toContain(text);
  expect(svg.match(/aria-roledescription="point"/g)?.length).toBe(4 + 3);
});
