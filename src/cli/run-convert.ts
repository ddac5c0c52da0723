import { OptionError } from '../errors.ts';
import { type ConvertModelOptions, convertModel } from '../evaluate/convert-model.ts';
import { saveNetwork } from '../network/saved/save.ts';
import { openAdapter } from './adapter.ts';
import { checkpointFile } from './checkpoint-file.ts';
import { checkJson, checkWritable, putFigures, target, writeOutput } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { conversionFigures, formatConversion } from './print-conversion.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface ConvertCommandOptions extends Omit<ConvertModelOptions, 'calibrateOn' | 'checkpoint'>, RunningOptions {
  readonly out: string;
  readonly checkpoint?: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

/** Runs `bsnn convert`. */
export async function runConvert(model: string, options: ConvertCommandOptions, terminal: Terminal): Promise<void> {
  const { out, checkpoint, json, quiet = false, adapter, verbose: _, ...rest } = options;
  const [images, convertOptions] = splitOptions(rest);
  checkWritable(out, '--out');
  checkJson(json);
  if (target(out) === target(model)) {
    throw new OptionError('output-file', `--out ${out}`, 'is the model itself', 'choose another file');
  }
  const kept = checkpoint === undefined ? undefined : checkpointFile(checkpoint, { '--json': json, '--out': out });
  const bar = progressBar(quiet ? null : terminal.progress);
  const { model: opened, dataset, ...others } = await openInputs(model, images, bar);
  const device = await openAdapter(adapter);
  try {
    const converted = await convertModel(device, opened, dataset, { ...convertOptions, ...others, checkpoint: kept }, bar.show);
    bar.stop();
    const bytes = await saveNetwork(converted.network, converted.about);
    writeOutput(out, () => bytes, '--out');
    const figures = conversionFigures(converted, out, bytes.length);
    putFigures(figures, json, terminal, () => formatConversion(converted, out, bytes.length, terminal.color));
    kept?.remove();
  } finally {
    bar.stop();
    device.dispose();
  }
}
