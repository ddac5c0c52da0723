import { type CompareOptions, compare } from '../evaluate/compare.ts';
import { comparisonChart } from '../plot/comparison.ts';
import { comparisonPicture } from '../report/comparison.ts';
import { formatComparison } from './print-comparison.ts';
import { type FiguresOptions, runFigures } from './run-figures.ts';
import type { Terminal } from './terminal.ts';

export interface CompareCommandOptions extends Omit<CompareOptions, 'calibrateOn' | 'checkpoint'>, FiguresOptions {}

/** Runs `bsnn compare`. */
export const runCompare = (model: string, options: CompareCommandOptions, terminal: Terminal): Promise<void> =>
  runFigures(model, options, terminal, {
    run: ({ device, model: opened, dataset, options: rest, checkpoint, show }) =>
      compare(device, opened, dataset, { ...rest, checkpoint }, show),
    format: formatComparison,
    chart: (found) => comparisonChart(comparisonPicture(found)),
  });
