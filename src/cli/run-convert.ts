import { OptionError } from '../errors.ts';
import { type ConvertModelOptions, convertModel } from '../evaluate/convert-model.ts';
import { saveNetwork } from '../network/saved/save.ts';
import { openAdapter } from './adapter.ts';
import { checkJson, checkWritable, putFigures, target, writeOutput } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { conversionFigures, formatConversion } from './print-conversion.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface ConvertCommandOptions extends Omit<ConvertModelOptions, 'calibrateOn'>, RunningOptions {
  readonly out: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

/** Runs `bsnn convert`. */
export async function runConvert(model: string, options: ConvertCommandOptions, terminal: Terminal): Promise<void> {
  const { out, json, quiet = false, adapter, verbose: _, ...rest } = options;
  const [images, convertOptions] = splitOptions(rest);
  checkWritable(out, '--out');
  checkJson(json);
  if (target(out) === target(model)) {
    throw new OptionError('output-file', `--out ${out}`, 'is the model itself', 'choose another file');
  }
  const bar = progressBar(quiet ? null : terminal.progress);
  const { model: opened, dataset, ...others } = await openInputs(model, images, bar);
  const device = await openAdapter(adapter);
  try {
    const converted = await convertModel(device, opened, dataset, { ...convertOptions, ...others }, bar.show);
    bar.stop();
    const bytes = await saveNetwork(converted.network, converted.about);
    writeOutput(out, () => bytes, '--out');
    const figures = conversionFigures(converted, out, bytes.length);
    putFigures(figures, json, terminal, () => formatConversion(converted, out, bytes.length, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}
