import { type Command, Option } from 'commander';
import { openDataSet } from '../data/open.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { type EvaluateOptions, RANGES } from '../evaluate/options.ts';
import { readTuning } from '../tune/cache.ts';
import { integer, integerOption } from './arguments.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import { addConversion, addModel, addRunning, openAdapter, type RunningOptions } from './model-options.ts';
import { formatEvaluation } from './print-evaluation.ts';
import { formatLayers } from './print-layers.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `evaluate`, and the command's own. */
interface EvalOptions extends EvaluateOptions, RunningOptions {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly layers?: boolean;
  readonly tune: boolean;
}

/** Images that are diagnosed where the figures of the layers are asked for: enough for shares to a tenth of a percent. */
const DIAGNOSED = 200;

/** Adds `bsnn eval`. */
export function addEval(program: Command, terminal: Terminal): void {
  const command = program
    .command('eval')
    .summary('compare a network with its spiking counterpart on labelled images')
    .description('Converts an ONNX classifier to a bistable spiking network and compares both on labelled images.');
  addModel(command)
    .addOption(integerOption('--limit <n>', 'limit', 'images at most (default: all)'))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(integerOption('--waves <n>', 'waves', 'words that every layer sends'))
    .addOption(integerOption('--batch <n>', 'batch', 'images at once, at most'));
  addConversion(command)
    .option('--layers', 'print a table of the layers as well')
    .addOption(
      new Option(
        '--diagnosis <n>',
        `images whose layers are compared with the ANN's (with --layers or --json: ${DIAGNOSED})`,
      ).argParser(integer(RANGES.diagnosis)),
    )
    .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
    .option('--quiet', 'no progress bar')
    .option('--no-tune', 'leave alone what `bsnn tune-kernels` found');
  addRunning(command).action((model: string, options: EvalOptions) => runEval(model, options, terminal));
}

async function runEval(model: string, options: EvalOptions, terminal: Terminal): Promise<void> {
  const { dataset: spec, json, layers = false, quiet = false, adapter, tune, verbose: _, ...evaluateOptions } = options;
  const diagnosis = options.diagnosis ?? (layers || json !== undefined ? DIAGNOSED : 0);
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  const dataset = await openDataSet(spec);
  const device = await openAdapter(adapter);
  const bar = progressBar(quiet ? null : terminal.progress);
  try {
    const choices = tune ? await readTuning(device.description, (line) => terminal.err(`bsnn: ${line}\n`)) : {};
    const result = await evaluate(device, model, dataset, { ...evaluateOptions, diagnosis, choices }, bar.show);
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
