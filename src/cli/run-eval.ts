import { evaluate } from '../evaluate/evaluate.ts';
import type { EvaluateOptions } from '../evaluate/options.ts';
import { readTuning } from '../tune/cache.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { formatEvaluation } from './print-evaluation.ts';
import { formatLayers } from './print-layers.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `evaluate`, and the command's own. */
export interface EvalOptions extends Omit<EvaluateOptions, 'calibrateOn'>, RunningOptions {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly layers?: boolean;
  readonly tune: boolean;
}

/** Runs `bsnn eval`. */
export async function runEval(model: string, options: EvalOptions, terminal: Terminal): Promise<void> {
  const { json, layers = false, quiet = false, adapter, tune, verbose: _, ...rest } = options;
  const [images, evaluateOptions] = splitOptions(rest);
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  const bar = progressBar(quiet ? null : terminal.progress);
  const { model: opened, dataset, ...others } = await openInputs(model, images, bar);
  const device = await openAdapter(adapter);
  try {
    const choices = tune ? await readTuning(device.description, (line) => terminal.err(`bsnn: ${line}\n`)) : {};
    const result = await evaluate(device, opened, dataset, { ...evaluateOptions, ...others, choices }, bar.show);
    bar.stop();
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(result));
    if (json !== undefined) writeJson(json, result);
    terminal.out(formatEvaluation(result, terminal.color));
    if (layers) terminal.out(formatLayers(result, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}
