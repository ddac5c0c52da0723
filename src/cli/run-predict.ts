import type { Shape } from '../ann/ann.ts';
import { isNetworkFile, readNetworkFile } from '../data/network-file.ts';
import { checkForms, type OpenedPaths, openDataSet, openPaths } from '../data/open.ts';
import { openModel } from '../evaluate/model.ts';
import { type Predictions, type PredictOptions, type PredictProgress, predict, predictSaved } from '../evaluate/predict.ts';
import { refuseConversion } from '../evaluate/saved-inputs.ts';
import type { Device } from '../gpu/device.ts';
import { openAdapter } from './adapter.ts';
import { checkJson, putFigures } from './json-file.ts';
import type { FramingCommandOptions } from './model-options.ts';
import { given } from './open-inputs.ts';
import { formatPredictions } from './print-predictions.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `predict`, and the command's own. */
export interface PredictCommandOptions extends Omit<PredictOptions, 'calibrateOn'>, FramingCommandOptions {
  readonly calibrateOn?: string;
  readonly output?: string;
  readonly adapter?: string;
  readonly json?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** Options that were given and are of conversion, as flags. */
  readonly conversion: readonly string[];
}

/** Runs `bsnn predict`. */
export async function runPredict(
  path: string,
  pictures: readonly string[],
  options: PredictCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { json, quiet = false, adapter, verbose: _, ...rest } = options;
  checkJson(json);
  if (rest.calibrateOn !== undefined) checkForms([rest.calibrateOn]);
  const { images, run } = await ((await isNetworkFile(path)) ? savedRun : trainedRun)(path, pictures, rest);
  const device = await openAdapter(adapter);
  const bar = progressBar(quiet ? null : terminal.progress);
  try {
    const { images: found, ...figures } = await run(device, bar.show);
    bar.stop();
    const named = { ...figures, images: found.map((one, i) => ({ file: images.paths[i], ...one })) };
    putFigures(named, json, terminal, () => formatPredictions(named, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}

/** Predictions whose files are open, and that wait for a device. */
interface Run {
  readonly images: OpenedPaths;
  readonly run: (device: Device, onProgress: (progress: PredictProgress) => void) => Promise<Predictions>;
}

type RunOptions = Omit<PredictCommandOptions, 'json' | 'quiet' | 'adapter' | 'verbose'>;

async function trainedRun(path: string, pictures: readonly string[], options: RunOptions): Promise<Run> {
  const { calibrateOn, output, conversion: _, resize, crop, channels, classes, skipBad, ...rest } = options;
  const model = await openModel(path, given({ output }));
  const framing = framingOf(model.ann.input, { resize, crop, channels, classes, skipBad });
  const images = await openPaths(pictures, framing);
  const others = calibrateOn === undefined ? {} : { calibrateOn: await openDataSet(calibrateOn, framing) };
  return { images, run: (device, onProgress) => predict(device, model, images, { ...rest, ...others }, onProgress) };
}

async function savedRun(path: string, pictures: readonly string[], options: RunOptions): Promise<Run> {
  const { conversion, resize, crop, channels, classes, skipBad, waves, batch, top } = options;
  refuseConversion(conversion);
  const saved = await readNetworkFile(path);
  const images = await openPaths(pictures, framingOf(saved.network.input.shape, { resize, crop, channels, classes, skipBad }));
  return { images, run: (device, onProgress) => predictSaved(device, saved, images, given({ waves, batch, top }), onProgress) };
}

const framingOf = (
  input: Shape,
  options: { readonly [name in keyof FramingCommandOptions]: FramingCommandOptions[name] | undefined },
) => ({
  input,
  ...given(options),
});
