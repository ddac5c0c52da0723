import type { DataSet } from '../data/data-set.ts';
import type { CheckpointStore } from '../evaluate/checkpoint.ts';
import type { Model } from '../evaluate/model.ts';
import type { Device } from '../gpu/device.ts';
import type { Chart } from '../plot/render.ts';
import { openAdapter } from './adapter.ts';
import { checkpointFile } from './checkpoint-file.ts';
import { checkJson, putFigures } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { type ImageOptions, type Inputs, openInputs, splitOptions } from './open-inputs.ts';
import { checkPlot, writePlot } from './plot-file.ts';
import { type ProgressBar, progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What commands that work on a model and its images take, whatever else they do. */
export interface FiguresOptions extends RunningOptions {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly plot?: string;
  readonly checkpoint?: string;
}

/** A command's options but for those above, and other images to calibrate on. */
export type Own<T extends FiguresOptions> = Omit<T, keyof FiguresOptions> & Pick<Inputs, 'calibrateOn'>;

/** A model and its images, open, and the command's own options. */
export interface Opened<O> {
  readonly device: Device;
  readonly model: Model;
  readonly dataset: DataSet;
  readonly options: O;
  /** undefined: nothing is kept. */
  readonly checkpoint: CheckpointStore | undefined;
  readonly show: ProgressBar['show'];
}

/** What a command makes of them. */
export interface FiguresCommand<O, F> {
  readonly run: (opened: Opened<O>) => Promise<F>;
  /** For people. @param dataset as the command line names it */
  readonly format: (found: F, color: boolean, dataset: string) => string;
  readonly chart?: (found: F) => Chart;
}

/** Runs a command on a model and its images, and prints, draws and writes what it found. */
export async function runFigures<T extends FiguresOptions, F>(
  path: string,
  given: T,
  terminal: Terminal,
  { run, format, chart }: FiguresCommand<Own<T>, F>,
): Promise<void> {
  const { json, plot, checkpoint, quiet = false, adapter, verbose: _, ...rest } = given;
  const [images, own] = splitOptions(rest as ImageOptions);
  checkJson(json);
  if (plot !== undefined) checkPlot(plot);
  const kept = checkpoint === undefined ? undefined : checkpointFile(checkpoint, { '--json': json, '--plot': plot });
  const bar = progressBar(quiet ? null : terminal.progress);
  const { model, dataset, ...others } = await openInputs(path, images, bar);
  const device = await openAdapter(adapter);
  try {
    const options = { ...own, ...others } as Own<T>;
    const found = await run({ device, model, dataset, options, checkpoint: kept, show: bar.show });
    bar.stop();
    if (plot !== undefined && chart) await writePlot(plot, chart(found));
    putFigures(found, json, terminal, () => format(found, terminal.color, images.dataset));
    kept?.remove();
  } finally {
    bar.stop();
    device.dispose();
  }
}
