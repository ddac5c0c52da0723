import { type Command, Option } from 'commander';
import { DATA_SET_FORMS, openDataSet } from '../data/open.ts';
import { readTuning } from '../data/tuning.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { DEFAULTS, type EvaluateOptions } from '../evaluate/options.ts';
import { openDevice } from '../gpu/node.ts';
import { integerOption, numbers, percentile } from './arguments.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import { wrap } from './print.ts';
import { formatEvaluation } from './print-evaluation.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives: the options of `evaluate`, and the command's own. */
interface EvalOptions extends EvaluateOptions {
  readonly dataset: string;
  readonly json?: string;
  readonly quiet?: boolean;
  readonly adapter?: string;
  readonly tune: boolean;
  readonly verbose?: boolean;
}

const SPECS = DATA_SET_FORMS.map(({ form, opens }) => `  ${form.padEnd(19)}${wrap(opens, 21)}`).join('\n');

/** Adds `bsnn eval`. */
export function addEval(program: Command, terminal: Terminal): void {
  program
    .command('eval')
    .summary('compare a network with its spiking counterpart on labelled images')
    .description('Converts an ONNX classifier to a bistable spiking network and compares both on labelled images.')
    .argument('<model>', 'the ONNX file; mean, std and classes may stand beside it in MODEL.json')
    .requiredOption('--dataset <spec>', 'the images; its forms are below')
    .addOption(integerOption('--limit <n>', 'limit', 'images at most (default: all)'))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(integerOption('--phase-bits <k>', 'phaseBits', 'spikes of a word, 1 to 8'))
    .addOption(integerOption('--waves <n>', 'waves', 'words that every layer sends'))
    .addOption(integerOption('--batch <n>', 'batch', 'images at once, at most'))
    .addOption(integerOption('--calibration <n>', 'calibration', 'images to calibrate on, at most'))
    .addOption(
      new Option('--percentile <p>', 'of its activations: the scale of a layer').default(DEFAULTS.percentile).argParser(percentile),
    )
    .addOption(
      new Option('--initial <v>', 'membranes start at half a threshold or at zero')
        .choices(['half', 'zero'])
        .default(DEFAULTS.initial),
    )
    .option(
      '--mean <a,b,c>',
      'of pixels / 255, a channel',
      numbers((v) => v >= 0 && v <= 1, 'numbers from 0 to 1'),
    )
    .option(
      '--std <a,b,c>',
      'of pixels / 255, a channel',
      numbers((v) => v > 0 && Number.isFinite(v), 'numbers above 0'),
    )
    .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
    .option('--quiet', 'no progress bar')
    .option('--no-tune', 'leave alone what `bsnn tune-kernels` found')
    .option('--adapter <name>', 'part of the name of the GPU to use (else BSNN_ADAPTER, else the best)')
    .option('--verbose', 'show where an error came from')
    .addHelpText('after', `\nForms of <spec>:\n${SPECS}`)
    .action((model: string, options: EvalOptions) => runEval(model, options, terminal));
}

async function runEval(model: string, options: EvalOptions, terminal: Terminal): Promise<void> {
  const { dataset: spec, json, quiet = false, adapter, tune, verbose: _, ...evaluateOptions } = options;
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  const dataset = await openDataSet(spec);
  const device = await openDevice(adapter === undefined ? {} : { adapter });
  const bar = progressBar(quiet ? null : terminal.progress);
  try {
    const choices = tune ? await readTuning(device.description, (line) => terminal.err(`bsnn: ${line}\n`)) : {};
    const result = await evaluate(device, model, dataset, { ...evaluateOptions, choices }, bar.show);
    bar.stop();
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(result));
    if (json !== undefined) writeJson(json, result);
    terminal.out(formatEvaluation(result, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}
