import type { Ann } from '../ann/ann.ts';
import { type Checks, checkOptions, without } from '../checks.ts';
import type { PhaseChoice } from '../convert/choose-phases.ts';
import type { DataSet } from '../data/data-set.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { AboutNetwork } from '../network/saved/about.ts';
import type { LabelledSource } from '../run/source.ts';
import { CHECKPOINT, type CheckpointStore } from './checkpoint.ts';
import { classNames } from './fit.ts';
import { checkGiven } from './given.ts';
import { type Journal, openJournal } from './journal.ts';
import { lasting } from './lasting.ts';
import { asModel, type Model } from './model.ts';
import { memoryNotes } from './notes.ts';
import type { EvaluateOptions, EvaluateSettings } from './options.ts';
import { type Report, runTrained } from './passes.ts';
import { type Evaluation, inputFigures, prepareImages } from './prepare.ts';
import type { InputFigures } from './result.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';
import { onceIn, type StagesSoFar } from './stages.ts';
import { Stopwatch } from './stopwatch.ts';
import { subjectOf } from './subject.ts';

/** How a model is converted, as `evaluate` does it. */
export interface ConvertModelOptions extends Omit<EvaluateOptions, 'limit' | 'offset' | 'waves' | 'diagnosis' | 'choices'> {
  /** Where what was found is kept now and then, and where an earlier call that was ended left it (default: nowhere). */
  readonly checkpoint?: CheckpointStore | undefined;
}

/** What each of `ConvertModelOptions` must be. */
export const CONVERT_MODEL_OPTIONS: Checks<ConvertModelOptions> = {
  ...without(EVALUATE_OPTIONS, 'limit', 'offset', 'waves', 'diagnosis', 'choices'),
  checkpoint: CHECKPOINT,
};

/** A converted network, and how it came about. */
export interface ConvertedModel extends InputFigures {
  readonly network: SpikingNetwork;
  /** How K was chosen; null where it was given. */
  readonly phaseChoice: PhaseChoice | null;
  /** What is saved with it. */
  readonly about: Required<AboutNetwork>;
}

/**
 * Converts a model with its sidecar as `evaluate` does with all images of a data set, whose labels play no part.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function convertModel(
  device: Device,
  model: string | Ann | Model,
  images: DataSet | LabelledSource,
  options: ConvertModelOptions = {},
  onProgress: Report = () => {},
): Promise<ConvertedModel> {
  checkGiven(device, model, images, onProgress);
  const { checkpoint = null, ...rest } = checkOptions(options, CONVERT_MODEL_OPTIONS);
  const settings = settle(rest, { phaseBits: 'auto' });
  const opened = await asModel(model);
  const evaluation = prepareImages(opened, images, settings);
  const { ann, dataset, scale, percentile, perChannel, correctBias, normalization, calibratedOn, calibrationSource } = evaluation;
  const calibration = { images: calibrationSource.count, origin: calibratedOn, scale, percentile, perChannel, correctBias };
  const once = onceIn(await openConversion(checkpoint, evaluation, settings));
  const { network, phaseChoice, notes, refusedBatch } = await lasting(device, (one) =>
    runTrained(one, evaluation, null, new Stopwatch(), onProgress, { once }),
  );
  return {
    network,
    phaseChoice,
    about: {
      classes: classNames(ann, opened.sidecar, dataset),
      normalization,
      calibration: { dataset: dataset.name, ...calibration },
    },
    ...inputFigures(evaluation),
    // nothing is evaluated here
    notes: [...evaluation.notes, ...notes, ...memoryNotes([refusedBatch])].filter(({ code }) => code !== 'calibrated-on-evaluated'),
  };
}

/** Opens what was kept of a conversion, of which the images are those for calibration. @throws OptionError for a checkpoint of another */
async function openConversion(
  store: CheckpointStore | null,
  evaluation: Evaluation,
  settings: EvaluateSettings,
): Promise<Journal<StagesSoFar>> {
  const told = { ...evaluation, dataset: evaluation.dataset.name, images: evaluation.calibrationSource, offset: 0, settings };
  return openJournal<StagesSoFar>({ store, work: 'convert', subject: store && (await subjectOf(told)) }, { stages: {} });
}
