import sharp from 'sharp';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** A chart as Vega-Lite describes it: plain data, no network access (data are given inline). */
export type Chart = TopLevelSpec;

/** Pixels of a PNG for one of the SVG's. */
const PNG_SCALE = 2;

/**
 * The chart as an SVG picture. Needs no browser and no canvas.
 * @throws Error of Vega where the chart is not valid
 */
export async function renderSvg(chart: Chart): Promise<string> {
  const view = new View(parse(compile(chart).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** An SVG picture as PNG, on white, at twice its size. */
export const renderPng = (svg: string): Promise<Buffer> =>
  sharp(Buffer.from(svg), { density: 72 * PNG_SCALE })
    .flatten({ background: 'white' })
    .png()
    .toBuffer();
