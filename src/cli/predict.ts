import { type Command, Option } from 'commander';
import { batchOption, integer, integerOption } from './arguments.ts';
import {
  addConversion,
  addFraming,
  addModelFile,
  addRunning,
  CONVERSION_OPTIONS,
  givenOptions,
  MODEL_OR_SAVED,
} from './model-options.ts';
import type { PredictCommandOptions } from './run-predict.ts';
import type { Terminal } from './terminal.ts';

/** Adds `bsnn predict`. */
export function addPredict(program: Command, terminal: Terminal): void {
  const command = program
    .command('predict')
    .summary('say what is in pictures')
    .description(
      'Classifies pictures by a network and its spiking counterpart: classes, their scores after each word, and the step T from which on the class was final. The scales come from --calibrate-on; without it from the pictures themselves; of a network that `bsnn convert` saved from its file.',
    );
  addFraming(addModelFile(command, MODEL_OR_SAVED).argument('<image...>', 'pictures: JPEG, PNG, GIF, WebP, TIFF, AVIF'))
    .addOption(new Option('--top <n>', 'classes of each picture').default(5).argParser(integer([1, 1000])))
    .addOption(integerOption('--waves <n>', 'waves', 'words that every layer sends'))
    .addOption(batchOption())
    .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
    .option('--quiet', 'no progress bar');
  addRunning(addConversion(command)).action(async (model: string, images: string[], options: PredictCommandOptions) => {
    const { runPredict } = await import('./run-predict.ts');
    await runPredict(model, images, { ...options, conversion: givenOptions(command, CONVERSION_OPTIONS) }, terminal);
  });
}
