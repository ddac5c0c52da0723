import type { ScaleText } from '../convert/scale.ts';
import { type TuneNetworkOptions, tuneNetwork } from '../evaluate/tune-network.ts';
import { formatTunedNetwork } from './print-tuned-network.ts';
import { type FiguresOptions, runFigures } from './run-figures.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `tuneNetwork`, and the command's own. */
export interface TuneCommandOptions
  extends Omit<TuneNetworkOptions, 'calibrateOn' | 'scales' | 'checkpoint'>,
    Omit<FiguresOptions, 'plot'> {
  readonly scale: readonly ScaleText[];
}

/** Runs `bsnn tune`. */
export const runTune = (model: string, options: TuneCommandOptions, terminal: Terminal): Promise<void> =>
  runFigures(model, options, terminal, {
    run: ({ device, model: opened, dataset, options: { scale: scales, ...rest }, checkpoint, show }) =>
      tuneNetwork(device, opened, dataset, { ...rest, scales, checkpoint }, show),
    format: (found, color, dataset) => formatTunedNetwork(found, { model, dataset }, color),
  });
