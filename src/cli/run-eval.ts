import { isNetworkFile } from '../data/network-file.ts';
import type { CheckpointStore } from '../evaluate/checkpoint.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import type { EvaluateOptions } from '../evaluate/options.ts';
import type { EvaluationResult, SavedEvaluation } from '../evaluate/result.ts';
import { evaluateSaved } from '../evaluate/saved.ts';
import { refuseConversion } from '../evaluate/saved-inputs.ts';
import type { WorkOptions } from '../evaluate/work.ts';
import type { Device } from '../gpu/device.ts';
import type { Choices } from '../plan/choices.ts';
import { readTuning } from '../tune/cache.ts';
import { openAdapter } from './adapter.ts';
import { checkpointFile } from './checkpoint-file.ts';
import { checkJson, putFigures } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { given, openInputs, openSavedInputs, splitOptions } from './open-inputs.ts';
import { formatEvaluation } from './print-evaluation.ts';
import { formatLayers } from './print-layers.ts';
import { type ProgressBar, progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `evaluate`, and the command's own. */
export interface EvalOptions extends Omit<EvaluateOptions, 'calibrateOn'>, RunningOptions, Omit<WorkOptions, 'checkpoint'> {
  readonly checkpoint?: string;
  readonly json?: string;
  readonly quiet?: boolean;
  readonly layers?: boolean;
  readonly tune: boolean;
  /** Options that were given and are of conversion, as flags. */
  readonly conversion: readonly string[];
}

/** Runs `bsnn eval`. */
export async function runEval(model: string, options: EvalOptions, terminal: Terminal): Promise<void> {
  const { json, layers = false, quiet = false, adapter, tune, checkpoint, verbose: _, ...rest } = options;
  checkJson(json);
  const kept = checkpoint === undefined ? undefined : checkpointFile(checkpoint, { '--json': json });
  const bar = progressBar(quiet ? null : terminal.progress);
  const run = await ((await isNetworkFile(model)) ? savedRun : trainedRun)(model, rest, bar);
  const device = await openAdapter(adapter);
  try {
    const choices = tune ? await readTuning(device.description, (line) => terminal.err(`bsnn: ${line}\n`)) : {};
    const result = await run(device, choices, kept);
    bar.stop();
    putFigures(
      result,
      json,
      terminal,
      () => formatEvaluation(result, terminal.color) + (layers ? formatLayers(result, terminal.color) : ''),
    );
    kept?.remove();
  } finally {
    bar.stop();
    device.dispose();
  }
}

/** An evaluation whose files are open, and that waits for a device. */
type Run = (
  device: Device,
  choices: Choices,
  checkpoint: CheckpointStore | undefined,
) => Promise<EvaluationResult | SavedEvaluation>;
type RunOptions = Omit<EvalOptions, 'json' | 'layers' | 'quiet' | 'adapter' | 'tune' | 'checkpoint' | 'verbose'>;

async function trainedRun(path: string, { conversion: _, ...options }: RunOptions, bar: ProgressBar): Promise<Run> {
  const [images, rest] = splitOptions(options);
  const { model, dataset, ...others } = await openInputs(path, images, bar);
  return (device, choices, checkpoint) => evaluate(device, model, dataset, { ...rest, ...others, choices, checkpoint }, bar.show);
}

async function savedRun(path: string, { conversion, ...options }: RunOptions, bar: ProgressBar): Promise<Run> {
  refuseConversion(conversion);
  const [images, { offset, limit, waves, batch, digest, shard }] = splitOptions(options);
  const { saved, dataset } = await openSavedInputs(path, images, bar);
  const own = { ...given({ offset, limit, waves, batch }), digest, shard };
  return (device, choices, checkpoint) => evaluateSaved(device, saved, dataset, { ...own, choices, checkpoint }, bar.show);
}
