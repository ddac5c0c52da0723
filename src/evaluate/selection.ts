import type { DataSet } from '../data/data-set.ts';
import { OptionError } from '../errors.ts';
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

/**
 * The images to calibrate on, at most `wanted`: the first training images where the data set has some, else images that are not
 * evaluated: those after [offset, offset + evaluated), then those before.
 * @throws OptionError where none are left
 */
export function calibrationImages(dataset: DataSet, offset: number, evaluated: number, wanted: number): ImageSource {
  const { training, evaluation } = dataset;
  if (training && training.count > 0) return sliceSource(training, 0, Math.min(wanted, training.count));
  const end = offset + evaluated;
  const after = sliceSource(evaluation, end, Math.min(wanted, evaluation.count - end));
  const before = sliceSource(evaluation, 0, Math.min(wanted - after.count, offset));
  if (after.count + before.count === 0) {
    throw new OptionError(
      'calibration-images',
      `data set "${dataset.name}"`,
      `all ${evaluation.count} images are evaluated and none is left to calibrate on`,
      'evaluate fewer (--limit), or put the training files beside',
    );
  }
  return concatSources(after, before);
}
