import { expect, test } from 'vitest';
import { type NeuronTrace, type RasterPicture, rasterChart } from '../../src/plot/raster.ts';
import { renderSvg } from '../../src/plot/render.ts';

const trace = (label: string, activation: number, spikes: number[]): NeuronTrace => ({
  label,
  activation,
  spikes,
  membrane: spikes.map((s) => 0.5 - s / 4),
});

const picture: RasterPicture = {
  title: 'a network, layer "first"',
  subtitle: ['two of 16 neurons'],
  from: 4,
  to: 12,
  windows: [
    { start: 4, end: 8, state: 'integrating' },
    { start: 8, end: 12, state: 'firing' },
  ],
  rows: [trace('a', 0.75, [0, 0, 0, 0, 1, 1, 0, 0]), trace('b', 0, [0, 0, 0, 0, 0, 0, 0, 1])],
  traces: [trace('channel 3', 0, [0, 0, 0, 0, 0, 0, 0, 1])],
};

/** Marks of one colour. */
const marks = (svg: string, color: string): number =>
  svg.match(new RegExp(`aria-roledescription="rect mark"[^>]*fill="${color}"`, 'g'))?.length ?? 0;

test('a raster has one mark for each spike, and tells those of inactivated neurons apart', async () => {
  const svg = await renderSvg(rasterChart(picture));
  expect(marks(svg, '#1f4e79')).toBe(2);
  expect(marks(svg, '#d62728')).toBe(1);
  for (const text of ['a network, layer "first"', 'channel 3', 'integrating', 'firing', 'time step']) {
    expect(svg).toContain(text.replaceAll('"', '&quot;'));
  }
});

test('bands lie behind raster and membranes where the layer has windows', async () => {
  expect(marks(await renderSvg(rasterChart(picture)), '#fbe7c6')).toBe(2);
  expect(marks(await renderSvg(rasterChart({ ...picture, windows: [] })), '#fbe7c6')).toBe(0);
});
