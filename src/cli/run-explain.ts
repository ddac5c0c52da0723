import { type ExplainOptions, explain } from '../evaluate/explain.ts';
import { formatExplanation } from './print-explanation.ts';
import { type FiguresOptions, runFigures } from './run-figures.ts';
import type { Terminal } from './terminal.ts';

export interface ExplainCommandOptions extends Omit<ExplainOptions, 'calibrateOn'>, Omit<FiguresOptions, 'plot'> {}

/** Runs `bsnn explain`. */
export const runExplain = (model: string, options: ExplainCommandOptions, terminal: Terminal): Promise<void> =>
  runFigures(model, options, terminal, {
    run: ({ device, model: opened, dataset, options: rest, show }) => explain(device, opened, dataset, rest, show),
    format: formatExplanation,
  });
