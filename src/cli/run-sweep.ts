import type { ScaleText } from '../convert/scale.ts';
import { type SweepOptions, sweep } from '../evaluate/sweep.ts';
import { sweepChart } from '../plot/sweep.ts';
import { sweepPicture } from '../report/sweep.ts';
import { formatSweep } from './print-sweep.ts';
import { type FiguresOptions, runFigures } from './run-figures.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `sweep`, and the command's own. */
export interface SweepCommandOptions extends Omit<SweepOptions, 'calibrateOn' | 'scales' | 'checkpoint'>, FiguresOptions {
  readonly scale: readonly ScaleText[];
}

/** Runs `bsnn sweep`. */
export const runSweep = (model: string, options: SweepCommandOptions, terminal: Terminal): Promise<void> =>
  runFigures(model, options, terminal, {
    run: ({ device, model: opened, dataset, options: { scale: scales, ...rest }, checkpoint, show }) =>
      sweep(device, opened, dataset, { ...rest, scales, checkpoint }, show),
    format: formatSweep,
    chart: (found) => sweepChart(sweepPicture(found)),
  });
