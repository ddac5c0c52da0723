import { type Checks, checkOptions, isObject, only } from '../checks.ts';
import { asDataSet, type DataSet } from '../data/data-set.ts';
import { OptionError } from '../errors.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { SavedNetwork } from '../network/saved/load.ts';
import type { LabelledSource } from '../run/source.ts';
import { asClassifier, checkShapes, type NormalizationFigures, shortest } from './fit.ts';
import { normalizationNotes, skippedNotes } from './notes.ts';
import type { EvaluateOptions } from './options.ts';
import type { SavedInputFigures } from './result.ts';
import { evaluationImages } from './selection.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';

/** How a saved network is run: what conversion takes is in its file. */
export type SavedOptions = Pick<EvaluateOptions, 'limit' | 'offset' | 'waves' | 'batch' | 'choices'>;

/** What each of `SavedOptions` must be. */
export const SAVED_OPTIONS: Checks<SavedOptions> = only(EVALUATE_OPTIONS, 'limit', 'offset', 'waves', 'batch', 'choices');

/** What is needed to run a saved network. */
export interface SavedInputs extends Required<SavedOptions> {
  readonly network: SpikingNetwork;
  readonly dataset: DataSet;
  readonly images: LabelledSource;
  /** How it was shown its images, for those who read a result. */
  readonly figures: SavedInputFigures;
}

/** Checks the options of a saved network's run; those of conversion are refused as such. @throws OptionError */
export function checkSavedOptions<O extends SavedOptions>(options: O, checks: Checks<O>): O {
  if (isObject(options)) refuseConversion(Object.keys(options).filter((name) => name in EVALUATE_OPTIONS && !(name in checks)));
  return checkOptions(options, checks);
}

/** Checks a saved network against images, and picks those to run. @throws OptionError */
export function prepareSaved(saved: SavedNetwork, given: DataSet | LabelledSource, options: SavedOptions): SavedInputs {
  const { limit, offset, waves, batch, choices } = settle(checkSavedOptions(options, SAVED_OPTIONS));
  const { network } = saved;
  const dataset = asDataSet(given);
  checkShapes(asClassifier(network), dataset);
  checkApplied(saved, dataset);
  const images = evaluationImages(dataset, offset, limit);
  const normalization = normalizationOf(saved);
  const { images: calibrationImages, origin: calibratedOn, ...scales } = calibrationOf(saved);
  const skipped = dataset.skipped ?? [];
  const applied = normalization.meanFrom === 'images' ? normalizationNotes(normalization, null) : [];
  const notes = [...skippedNotes(skipped), ...applied];
  const figures = { ...scales, calibrationImages, calibratedOn, normalization, skipped, notes };
  return { network, dataset, images, limit, offset, waves, batch, choices, figures };
}

/** What the file says of the scales; nothing where it does not. */
function calibrationOf({ about }: SavedNetwork) {
  const { dataset: _, ...found } = about.calibration ?? NO_CALIBRATION;
  return found;
}

const NO_CALIBRATION = {
  dataset: null,
  scale: null,
  percentile: null,
  perChannel: null,
  correctBias: null,
  images: null,
  origin: null,
};

/** Refuses options of conversion, by the first one's name. @throws OptionError */
export function refuseConversion(given: readonly string[]): void {
  if (given.length === 0) return;
  const what = 'is given with a saved network, which has been converted: its K, scales, mean and std are in its file';
  throw new OptionError('saved-network', given[0], what, 'leave it out, or convert the model again with it');
}

/** Mean and std that were folded in, and who says so where the file does. */
const normalizationOf = ({ network: { input }, about }: SavedNetwork): NormalizationFigures =>
  about.normalization ?? { mean: shortest(input.mean), std: shortest(input.std), meanFrom: 'network', stdFrom: 'network' };

/**
 * Images that came normalised can only be put back by their own mean and std: those must be folded in, and for other images must not be.
 * @throws OptionError
 */
function checkApplied({ network: { name, input }, about }: SavedNetwork, dataset: DataSet): void {
  const spread = (values: readonly number[]) =>
    Array.from({ length: input.shape.channels }, (_, c) => values[Math.floor((c * values.length) / input.shape.channels)]);
  const same = (key: 'mean' | 'std') => spread(dataset[key]).every((v, c) => v === input[key][c]);
  const applied = dataset.normalization === 'applied';
  if (applied ? same('mean') && same('std') : about.normalization?.meanFrom !== 'images') return;
  const what = applied
    ? `was not converted for the numbers of data set "${dataset.name}", which are normalised already`
    : `was converted for numbers that are normalised already, and data set "${dataset.name}" has pixels`;
  throw new OptionError('saved-network', `network "${name}"`, what, 'convert the model again, with these images');
}
