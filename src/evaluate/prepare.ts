import type { Ann } from '../ann/ann.ts';
import { asDataSet, type DataSet, type SkippedImage } from '../data/data-set.ts';
import type { CalibrationOrigin } from '../network/saved/about.ts';
import type { ImageSource, LabelledSource } from '../run/source.ts';
import { checkClasses, checkLabels, checkShapes, checkSorted, chooseNormalization, classesOf, type Normalized } from './fit.ts';
import { asModel, type Model } from './model.ts';
import { calibrationNotes, classNotes, type Note, normalizationNotes, skippedNotes } from './notes.ts';
import type { EvaluateSettings } from './options.ts';
import type { InputFigures } from './result.ts';
import { calibrationImages, evaluationImages } from './selection.ts';

/** What is needed to run: everything checked, nothing computed and no image read yet. */
export interface Evaluation extends Required<Omit<EvaluateSettings, 'calibrateOn'>>, Pick<Normalized, 'normalization'> {
  readonly ann: Ann;
  readonly dataset: DataSet;
  readonly images: LabelledSource;
  readonly calibrationSource: ImageSource;
  readonly calibratedOn: CalibrationOrigin;
  /** Images of either that cannot be read and were left out. */
  readonly skipped: readonly SkippedImage[];
  /** What the user should know of how images and model go together. */
  readonly notes: readonly Note[];
}

/**
 * Reads a model with its sidecar, checks it against labelled images, and picks those to evaluate and to calibrate on.
 * @throws OptionError, UnsupportedModelError, ModelFormatError
 */
export async function prepare(
  model: string | Ann | Model,
  images: DataSet | LabelledSource,
  settings: EvaluateSettings,
): Promise<Evaluation> {
  const opened = await asModel(model);
  const evaluation = prepareImages(opened, images, settings);
  const { ann, dataset, offset } = evaluation;
  checkSorted(ann, dataset);
  checkLabels(ann, evaluation.images, dataset.name, offset);
  return { ...evaluation, notes: [...evaluation.notes, ...classNotes(dataset, opened.sidecar, classesOf(ann))] };
}

/** The same for images whose labels play no part. @throws OptionError, ModelFormatError */
export function prepareImages(
  { ann, sidecar }: Model,
  images: DataSet | LabelledSource,
  { calibrateOn, ...settings }: EvaluateSettings,
): Evaluation {
  const dataset = asDataSet(images);
  const own = calibrateOn ? asCalibration(calibrateOn) : null;
  checkClasses(ann, sidecar);
  checkShapes(ann, dataset, own);
  const evaluated = evaluationImages(dataset, settings.offset, settings.limit);
  const { source: calibrationSource, origin: calibratedOn } = calibrationImages(dataset, settings, evaluated.count, own);
  const normalized = chooseNormalization(ann, dataset, sidecar, settings);
  const skipped = [dataset, calibrateOn].flatMap((one) => (one && 'skipped' in one ? (one.skipped ?? []) : []));
  const notes = [
    ...skippedNotes(skipped),
    ...normalizationNotes(normalized.normalization, sidecar),
    ...calibrationNotes(calibratedOn, calibrationSource.count),
  ];
  return { ...settings, ...normalized, ann, dataset, images: evaluated, calibrationSource, calibratedOn, skipped, notes };
}

/** What every result says of how a network was shown its images. */
export function inputFigures(evaluation: Evaluation): InputFigures {
  const { scale, percentile, perChannel, correctBias, calibrationSource, calibratedOn, normalization, skipped, notes } = evaluation;
  const calibrationImages = calibrationSource.count;
  return { scale, percentile, perChannel, correctBias, calibrationImages, calibratedOn, normalization, skipped, notes };
}

/** Images to calibrate on: of a data set those for training, else those for evaluation. */
const asCalibration = (images: DataSet | ImageSource): ImageSource =>
  'evaluation' in images ? (images.training ?? images.evaluation) : images;
