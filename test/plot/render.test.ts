import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type Chart, renderPng, renderSvg } from '../../src/plot/render.ts';

const chart: Chart = {
  width: 100,
  height: 50,
  data: {
    values: [
      { batch: 1, rate: 3 },
      { batch: 2, rate: 5 },
    ],
  },
  mark: 'line',
  encoding: { x: { field: 'batch', type: 'quantitative', title: 'images at once' }, y: { field: 'rate', type: 'quantitative' } },
};

test('a chart becomes an SVG with its titles', async () => {
  const svg = await renderSvg(chart);
  expect(svg.startsWith('<svg')).toBe(true);
  expect(svg).toContain('images at once');
});

test('an SVG becomes a PNG of twice its size', async () => {
  const svg = await renderSvg(chart);
  const width = Number(/width="([\d.]+)"/.exec(svg)?.[1]);
  const { format, width: pixels, hasAlpha } = await sharp(await renderPng(svg)).metadata();
  expect(format).toBe('png');
  expect(hasAlpha).toBe(false);
  expect(Math.abs((pixels ?? 0) - 2 * width)).toBeLessThanOrEqual(2);
});
