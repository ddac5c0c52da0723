import type { TopLevelSpec } from 'vega-lite';
import { printable } from '../errors.ts';

// The packages are loaded on use: 0.4 s of processor time, which nobody pays who draws nothing.

/** A chart as Vega-Lite describes it: plain data, no network access (data are given inline). */
export type Chart = TopLevelSpec;

/** Pixels of a PNG for one of the SVG's. */
const PNG_SCALE = 2;

/**
 * The chart as an SVG picture, its texts `printable`. Needs no browser and no canvas.
 * @throws Error of Vega where the chart is not valid
 */
export async function renderSvg(chart: Chart): Promise<string> {
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(withPrintableTexts(chart)).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

const withPrintableTexts = (chart: Chart): Chart =>
  JSON.parse(JSON.stringify(chart), (_, value) => (typeof value === 'string' ? printable(value) : value));

/** An SVG picture as PNG, on white, at twice its size. */
export async function renderPng(svg: string): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  return sharp(Buffer.from(svg), { density: 72 * PNG_SCALE })
    .flatten({ background: 'white' })
    .png()
    .toBuffer();
}
