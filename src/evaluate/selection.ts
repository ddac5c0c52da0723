import type { DataSet } from '../data/data-set.ts';
import { OptionError } from '../errors.ts';
import type { CalibrationOrigin } from '../network/saved/about.ts';
import { concatSources, type ImageSource, type LabelledSource, sliceSource } from '../run/source.ts';

/** The images to evaluate: `limit` (or what is there) from `offset` on. @throws OptionError where the offset leaves none */
export function evaluationImages(dataset: DataSet, offset: number, limit: number): LabelledSource {
  const { count } = dataset.evaluation;
  if (offset >= count) {
    const what = `${offset} leaves none of the ${count} images of data set "${dataset.name}"`;
    throw new OptionError('offset', 'offset', what, `choose one below ${count}`);
  }
  return sliceSource(dataset.evaluation, offset, Math.min(limit, count - offset));
}

/** Images to calibrate on, and whose they are. */
export interface CalibrationImages {
  readonly source: ImageSource;
  readonly origin: CalibrationOrigin;
}

/**
 * The images to calibrate on, at most `calibration`: the user's own; else the first for training where the data set has some; else
 * images that are not evaluated: those after [offset, offset + evaluated), then those before; else the first that are evaluated, since
 * labels play no part.
 * @param evaluated images from `offset` on
 */
export function calibrationImages(
  { training, evaluation }: DataSet,
  { offset, calibration: wanted }: { readonly offset: number; readonly calibration: number },
  evaluated: number,
  own: ImageSource | null = null,
): CalibrationImages {
  const first = (source: ImageSource): ImageSource => sliceSource(source, 0, Math.min(wanted, source.count));
  if (own) return { source: first(own), origin: 'own' };
  if (training && training.count > 0) return { source: first(training), origin: 'training' };
  const end = offset + evaluated;
  const after = sliceSource(evaluation, end, Math.min(wanted, evaluation.count - end));
  const before = sliceSource(evaluation, 0, Math.min(wanted - after.count, offset));
  if (after.count + before.count > 0) return { source: concatSources(after, before), origin: 'others' };
  return { source: first(evaluation), origin: 'evaluated' };
}
