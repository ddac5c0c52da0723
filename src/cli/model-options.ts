import { type Command, Option } from 'commander';
import { DATA_SET_FORMS } from '../data/open.ts';
import { DEFAULTS } from '../evaluate/options.ts';
import { SWEPT } from '../evaluate/swept.ts';
import {
  autoPhaseBitsOption,
  bothWays,
  channels,
  integerOption,
  list,
  lossOption,
  numbers,
  percentile,
  resize,
  scale,
  side,
} from './arguments.ts';
import type { ImageOptions } from './open-inputs.ts';
import { wrap } from './print.ts';

/** What every command that runs a model takes: the model, its images, and how to run. */
export interface RunningOptions extends ImageOptions {
  readonly adapter?: string;
  readonly verbose?: boolean;
}

/** How pictures are framed, and which are left out. */
export type FramingCommandOptions = Pick<ImageOptions, 'resize' | 'crop' | 'channels' | 'classes' | 'skipBad'>;

const SPECS = DATA_SET_FORMS.map(({ form, opens }) => `  ${form.padEnd(19)}${wrap(opens, 21)}`).join('\n');

const FRAMES = wrap(
  'Pictures in files are brought to 256 pixels (shorter side) and cut to 224 where the model takes 224; otherwise they must have the model’s size, or --resize and --crop say how they come to it.',
  0,
);

const MODEL_FILE = 'the ONNX file; mean, std and classes may stand beside it in MODEL.json';

/** The same where a saved network is run as well. */
export const MODEL_OR_SAVED = `${MODEL_FILE}; or what \`bsnn convert\` saved`;

/** The model. */
export const addModelFile = (command: Command, description = MODEL_FILE): Command =>
  command.argument('<model>', description).addOption(outputOption());

/** Which output of the model is the classifier's. */
export const outputOption = (): Option =>
  new Option('--output <name>', 'the output of the ONNX file that has the logits, where several could be meant');

/** How pictures become images. */
export const addFraming = (command: Command): Command =>
  command
    .option('--calibrate-on <spec>', 'other images to calibrate on')
    .option('--resize <n>', 'bring the shorter side to n pixels ("none": leave it)', resize)
    .option('--crop <n>', 'cut a square of n pixels out of the middle', side)
    .option('--channels <n>', '1: as grey images; 3: as images in colour', channels)
    .option('--classes <file>', 'numbers the classes of folder: and csv:, one a line')
    .option('--skip-bad', 'leave out pictures that cannot be read, and list them')
    .addHelpText('after', `\nForms of <spec>:\n${SPECS}\n\n${FRAMES}`);

/** The model and its images. */
export const addModel = (command: Command, description = MODEL_FILE): Command =>
  addFraming(addModelFile(command, description).requiredOption('--dataset <spec>', 'the images; its forms are below'));

/** How the network is converted. @param phaseBits K where the command line does not give it */
export const addConversion = (command: Command, phaseBits: 'auto' | number = DEFAULTS.phaseBits): Command =>
  addNormalization(addScales(command, phaseBits));

const addScales = (command: Command, phaseBits: 'auto' | number): Command =>
  command
    .addOption(autoPhaseBitsOption(phaseBits))
    .addOption(lossOption('that the first word may lose with K auto, estimated without labels'))
    .addOption(
      new Option(
        '--scale <how>',
        `by activations: percentile:P, max, mse, or bound (a clip in the graph) (default: ${DEFAULTS.scale})`,
      ).argParser(scale),
    )
    .addOption(new Option('--percentile <p>', 'the same as --scale percentile:P').argParser(percentile).conflicts('scale'))
    .option('--per-channel', 'a scale for each channel', DEFAULTS.perChannel)
    .option('--no-per-channel', 'one for a layer')
    .option('--correct-bias', 'correct biases on calibration images: mean words as the mean activations', DEFAULTS.correctBias)
    .option('--no-correct-bias', 'leave them as they are');

/** Where long work keeps what it has found. */
export const checkpointOption = (): Option =>
  new Option('--checkpoint <file>', 'keep there what was found, and go on from there where this was ended');

/** The option `--scale` of commands that try several ways. */
export const scalesOption = (): Option =>
  new Option('--scale <a,b,…>', 'of layers: of percentile:P, max, mse, bound')
    .default([...SWEPT.scales], SWEPT.scales.join(','))
    .argParser(list(scale));

/** The option `--per-channel` of the same. */
export const channelsOption = (): Option =>
  new Option('--per-channel <which>', 'a scale for each channel: off, on, or both ways')
    .default([...SWEPT.perChannel], 'on')
    .argParser(bothWays);

/** The option `--correct-bias` of the same. */
export const correctionsOption = (): Option =>
  new Option('--correct-bias <which>', 'off, on, or both ways').default([...SWEPT.correctBias], 'on').argParser(bothWays);

/** How images are shown and membranes begin, whatever the words and scales. */
export const addNormalization = (command: Command): Command =>
  command
    .addOption(integerOption('--calibration <n>', 'calibration', 'images to calibrate on, at most'))
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
    );

/** Names of the options of conversion, and of the model and images that it takes. */
export const CONVERSION_OPTIONS = [
  ...[
    'phaseBits',
    'loss',
    'calibration',
    'scale',
    'percentile',
    'perChannel',
    'correctBias',
    'initial',
    'mean',
    'std',
    'calibrateOn',
    'output',
  ],
] as const;

/** Those of some options that the command line gives, as flags ("--phase-bits"). */
export const givenOptions = (command: Command, names: readonly string[]): string[] =>
  command.options.flatMap((option) => {
    const name = option.attributeName();
    return names.includes(name) && command.getOptionValueSource(name) === 'cli' ? (option.long ?? name) : [];
  });

/** Where it runs, and how errors are shown. */
export const addRunning = (command: Command): Command =>
  command
    .option('--adapter <name>', 'part of the name of the GPU to use (else BSNN_ADAPTER, else the best)')
    .option('--verbose', 'show where an error came from');
