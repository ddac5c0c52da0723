import { type CompareOptions, compare } from '../evaluate/compare.ts';
import { comparisonChart } from '../plot/comparison.ts';
import { comparisonPicture } from '../report/comparison.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { checkPlot, writePlot } from './plot-file.ts';
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
    if (plot !== undefined) await writePlot(plot, comparisonChart(comparisonPicture(found)));
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(found));
    if (json !== undefined) writeJson(json, found);
    terminal.out(formatComparison(found, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}
