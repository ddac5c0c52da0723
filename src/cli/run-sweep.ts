import type { ScaleText } from '../convert/scale.ts';
import { type SweepOptions, sweep } from '../evaluate/sweep.ts';
import { sweepChart } from '../plot/sweep.ts';
import { sweepPicture } from '../report/sweep.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { checkPlot, writePlot } from './plot-file.ts';
import { formatSweep } from './print-sweep.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `sweep`, and the command's own. */
export interface SweepCommandOptions extends Omit<SweepOptions, 'calibrateOn' | 'scales'>, RunningOptions {
  readonly scale: readonly ScaleText[];
  readonly json?: string;
  readonly quiet?: boolean;
  readonly plot?: string;
}

/** Runs `bsnn sweep`. */
export async function runSweep(model: string, options: SweepCommandOptions, terminal: Terminal): Promise<void> {
  const { json, plot, quiet = false, adapter, verbose: _, scale: scales, ...rest } = options;
  const [images, sweepOptions] = splitOptions(rest);
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  if (plot !== undefined) checkPlot(plot);
  const bar = progressBar(quiet ? null : terminal.progress);
  const { model: opened, dataset, ...others } = await openInputs(model, images, bar);
  const device = await openAdapter(adapter);
  try {
    const found = await sweep(device, opened, dataset, { ...sweepOptions, scales, ...others }, bar.show);
    bar.stop();
    if (plot !== undefined) await writePlot(plot, sweepChart(sweepPicture(found)));
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(found));
    if (json !== undefined) writeJson(json, found);
    terminal.out(formatSweep(found, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}
