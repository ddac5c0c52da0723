import type { ScaleText } from '../convert/scale.ts';
import { type TuneNetworkOptions, tuneNetwork } from '../evaluate/tune-network.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { formatTunedNetwork } from './print-tuned-network.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `tuneNetwork`, and the command's own. */
export interface TuneCommandOptions extends Omit<TuneNetworkOptions, 'calibrateOn' | 'scales'>, RunningOptions {
  readonly scale: readonly ScaleText[];
  readonly json?: string;
  readonly quiet?: boolean;
}

/** Runs `bsnn tune`. */
export async function runTune(model: string, options: TuneCommandOptions, terminal: Terminal): Promise<void> {
  const { json, quiet = false, adapter, verbose: _, scale: scales, ...rest } = options;
  const [images, tuneOptions] = splitOptions(rest);
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  const bar = progressBar(quiet ? null : terminal.progress);
  const { model: opened, dataset, ...others } = await openInputs(model, images, bar);
  const device = await openAdapter(adapter);
  try {
    const found = await tuneNetwork(device, opened, dataset, { ...tuneOptions, scales, ...others }, bar.show);
    bar.stop();
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(found));
    if (json !== undefined) writeJson(json, found);
    terminal.out(formatTunedNetwork(found, { model, dataset: images.dataset }, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}
