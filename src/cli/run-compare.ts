import { OptionError } from '../errors.ts';
import { type CompareOptions, compare } from '../evaluate/compare.ts';
import type { Comparison } from '../evaluate/comparison.ts';
import { comparisonChart } from '../plot/comparison.ts';
import { renderPng, renderSvg } from '../plot/render.ts';
import { comparisonPicture } from '../report/comparison.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson, writeOutput } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { formatComparison } from './print-comparison.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface CompareCommandOptions extends Omit<CompareOptions, 'calibrateOn'>, RunningOptions {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly plot?: string;
}

/** Runs `bsnn compare`. */
export async function runCompare(model: string, options: CompareCommandOptions, terminal: Terminal): Promise<void> {
  const { json, plot, quiet = false, adapter, verbose: _, ...rest } = options;
  const [images, compareOptions] = splitOptions(rest);
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  if (plot !== undefined) checkPlot(plot);
  const bar = progressBar(quiet ? null : terminal.progress);
  const { model: opened, dataset, ...others } = await openInputs(model, images, bar);
  const device = await openAdapter(adapter);
  try {
    const found = await compare(device, opened, dataset, { ...compareOptions, ...others }, bar.show);
    bar.stop();
    if (plot !== undefined) {
      const picture = await draw(found, plot);
      writeOutput(plot, () => picture, '--plot');
    }
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(found));
    if (json !== undefined) writeJson(json, found);
    terminal.out(formatComparison(found, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}

/** @throws OptionError where no picture can be written there */
function checkPlot(path: string): void {
  checkWritable(path, '--plot');
  if (/\.(svg|png)$/.test(path)) return;
  throw new OptionError('output-kind', `--plot ${path}`, 'is of no known kind', 'name a file that ends in .svg or .png');
}

async function draw(found: Comparison, path: string): Promise<string | Uint8Array> {
  const svg = await renderSvg(comparisonChart(comparisonPicture(found)));
  return path.endsWith('.png') ? renderPng(svg) : svg;
}
