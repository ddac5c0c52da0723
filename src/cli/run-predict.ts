import { checkForm, openDataSet, openPaths } from '../data/open.ts';
import { openModel } from '../evaluate/model.ts';
import { type PredictOptions, predict } from '../evaluate/predict.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import type { FramingCommandOptions } from './model-options.ts';
import { given } from './open-inputs.ts';
import { formatPredictions } from './print-predictions.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `predict`, and the command's own. */
export interface PredictCommandOptions extends Omit<PredictOptions, 'calibrateOn'>, FramingCommandOptions {
  readonly calibrateOn?: string;
  readonly adapter?: string;
  readonly json?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Runs `bsnn predict`. */
export async function runPredict(
  path: string,
  pictures: readonly string[],
  options: PredictCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { json, quiet = false, adapter, verbose: _, resize, crop, channels, classes, skipBad, calibrateOn, ...rest } = options;
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  if (calibrateOn !== undefined) checkForm(calibrateOn);
  const model = await openModel(path);
  const framing = { input: model.ann.input, ...given({ resize, crop, channels, classes, skipBad }) };
  const images = await openPaths(pictures, framing);
  const others = calibrateOn === undefined ? {} : { calibrateOn: await openDataSet(calibrateOn, framing) };
  const device = await openAdapter(adapter);
  const bar = progressBar(quiet ? null : terminal.progress);
  try {
    const { images: found, ...figures } = await predict(device, model, images, { ...rest, ...others }, bar.show);
    bar.stop();
    const named = { ...figures, images: found.map((one, i) => ({ file: images.paths[i], ...one })) };
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(named));
    if (json !== undefined) writeJson(json, named);
    terminal.out(formatPredictions(named, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}
