import { type Command, InvalidArgumentError, Option } from 'commander';
import { COMPARABLE } from '../evaluate/compared-neuron.ts';
import { RECORDED, type Recorded } from '../evaluate/recorded.ts';
import { integer, integerOption } from './arguments.ts';
import { addConversion, addModel, addRunning, CONVERSION_OPTIONS, givenOptions, MODEL_OR_SAVED } from './model-options.ts';
import type { RecordCommandOptions } from './run-record.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn record`. */
export function addRecord(program: Command, terminal: Terminal): void {
  const command = program
    .command('record')
    .summary('write spikes and membranes of layers, step by step, to a file')
    .description(
      'Runs images step by step and writes what layers of neurons do in every step to FILE.npz: LAYER/spikes and LAYER/membranes, [image][step][channel][y][x], and LAYER/unit, the activation that 1 of a channel’s membranes stands for; beside them image, label, timesteps, mean and std.',
    );
  addModel(command, MODEL_OR_SAVED)
    .option('--layer <name...>', 'layers of neurons: the name of each, or a part of it')
    .option('--all-layers', 'all layers of neurons')
    .requiredOption('--out <file>', 'FILE.npz')
    .addOption(new Option('--what <list>', 'spikes, membranes, or both').default(RECORDED, RECORDED.join()).argParser(recorded))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(new Option('--limit <n>', 'images').default(1).argParser(integer([1, Number.MAX_SAFE_INTEGER])))
    .addOption(new Option('--batch <n>', 'images at once, at most').default(16).argParser(integer([1, 65_535])))
    .option('--neuron <name>', `one of ${COMPARABLE.join(', ')}`, 'bistable')
    .addOption(
      new Option('--timesteps <t>', 'steps from an image’s onset (default: three words of the deepest layer)').argParser(
        integer([1, 65_535]),
      ),
    );
  addRunning(addConversion(command)).action(async (model: string, options: RecordCommandOptions) => {
    const { runRecord } = await import('./run-record.ts');
    await runRecord(model, { ...options, conversion: givenOptions(command, CONVERSION_OPTIONS) }, terminal);
  });
}

/** Reads a list of what is recorded. */
function recorded(text: string): Recorded[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => RECORDED.some((what) => what === part))) return RECORDED.filter((what) => parts.includes(what));
  throw new InvalidArgumentError(`Expected ${RECORDED.join(', ')}, or both separated by a comma.`);
}
