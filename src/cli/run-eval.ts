import { openDataSet } from '../data/open.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import type { EvaluateOptions } from '../evaluate/options.ts';
import { readTuning } from '../tune/cache.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { formatEvaluation } from './print-evaluation.ts';
import { formatLayers } from './print-layers.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `evaluate`, and the command's own. */
export interface EvalOptions extends EvaluateOptions, RunningOptions {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly layers?: boolean;
  readonly tune: boolean;
}

/** Runs `bsnn eval`. */
export async function runEval(model: string, options: EvalOptions, terminal: Terminal): Promise<void> {
  const { dataset: spec, json, layers = false, quiet = false, adapter, tune, verbose: _, ...evaluateOptions } = options;
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  const dataset = await openDataSet(spec);
  const device = await openAdapter(adapter);
  const bar = progressBar(quiet ? null : terminal.progress);
  try {
    const choices = tune ? await readTuning(device.description, (line) => terminal.err(`bsnn: ${line}\n`)) : {};
    const result = await evaluate(device, model, dataset, { ...evaluateOptions, choices }, bar.show);
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
