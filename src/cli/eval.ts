import { type Command, Option } from 'commander';
import { RANGES } from '../evaluate/options.ts';
import { batchOption, integer, integerOption, shard } from './arguments.ts';
import {
  addConversion,
  addModel,
  addRunning,
  CONVERSION_OPTIONS,
  checkpointOption,
  givenOptions,
  MODEL_OR_SAVED,
} from './model-options.ts';
import type { EvalOptions } from './run-eval.ts';
import type { Terminal } from './terminal.ts';

/** Images that are diagnosed where the figures of the layers are asked for: enough for shares to a tenth of a percent. */
const DIAGNOSED = 200;

/** Adds `bsnn eval`. */
export function addEval(program: Command, terminal: Terminal): void {
  const command = program
    .command('eval')
    .summary('compare a network with its spiking counterpart on labelled images')
    .description(
      'Converts an ONNX classifier to a bistable spiking network and compares both on labelled images. A network that `bsnn convert` saved is run as it is, and compared with nothing.',
    );
  addModel(command, MODEL_OR_SAVED)
    .addOption(integerOption('--limit <n>', 'limit', 'images at most (default: all)'))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(integerOption('--waves <n>', 'waves', 'words that every layer sends'))
    .addOption(batchOption());
  addConversion(command, 'auto')
    .option('--layers', 'print a table of the layers as well')
    .addOption(
      new Option(
        '--diagnosis <n>',
        `images whose layers are compared with the ANN's (with --layers or --json: ${DIAGNOSED})`,
      ).argParser(integer(RANGES.diagnosis)),
    )
    .option('--digest', 'a SHA-256 of all words in the figures, for bsnn verify')
    .addOption(new Option('--shard <i/n>', 'evaluate part i of n alone, for bsnn merge').argParser(shard))
    .addOption(checkpointOption())
    .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
    .option('--quiet', 'no progress bar')
    .option('--no-tune', 'leave alone what `bsnn tune-kernels` found');
  addRunning(command).action(async (model: string, options: EvalOptions) => {
    const { runEval } = await import('./run-eval.ts');
    const conversion = givenOptions(command, [...CONVERSION_OPTIONS, 'diagnosis']);
    await runEval(model, { ...options, diagnosis: options.diagnosis ?? impliedDiagnosis(options), conversion }, terminal);
  });
}

const impliedDiagnosis = ({ layers = false, json }: EvalOptions): number => (layers || json !== undefined ? DIAGNOSED : 0);
