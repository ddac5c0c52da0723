import { expect, test } from 'vitest';
import { renderSvg } from '../../src/plot/render.ts';
import { sweepChart } from '../../src/plot/sweep.ts';

test('a sweep has a panel for each way, a point and an error bar for each word, and the trained network', async () => {
  const points = ['mse', 'max, corrected'].flatMap((panel) =>
    [3, 4].flatMap((K) =>
      [1, 2].map((word) => ({ panel, series: `K = ${K}`, t: 8 * K + 2 * K * word, top1: 0.8 + 0.01 * word, error: 0.003 })),
    ),
  );
  const svg = await renderSvg(sweepChart({ title: 'a network', subtitle: '100 images', annTop1: 0.83, points }));
  for (const text of ['a network', '100 images', 'ANN 83.0 %', 'max, corrected', 'K = 3', 'top-1 accuracy'])
    expect(svg).toContain(text);
  expect(svg.match(/aria-roledescription="point"/g)?.length).toBe(8);
  // a bar for each point, and the trained network's line in each panel
  expect(svg.match(/aria-roledescription="rule mark"/g)?.length).toBe(8 + 2);
});
