import { OptionError } from '../errors.ts';
import { type Chart, renderPng, renderSvg } from '../plot/render.ts';
import { checkWritable, writeOutput } from './json-file.ts';

/** Checks, before the work starts, that a picture can be written there. @throws OptionError */
export function checkPlot(path: string): void {
  checkWritable(path, '--plot');
  if (/\.(svg|png)$/.test(path)) return;
  throw new OptionError('output-kind', `--plot ${path}`, 'is of no known kind', 'name a file that ends in .svg or .png');
}

/** Draws a chart to a file whose ending says how. */
export async function writePlot(path: string, chart: Chart): Promise<void> {
  const svg = await renderSvg(chart);
  const picture = path.endsWith('.png') ? await renderPng(svg) : svg;
  writeOutput(path, () => picture, '--plot');
}
