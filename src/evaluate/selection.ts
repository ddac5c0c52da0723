import { shapeSize } from '../ann/ann.ts';
import { type DataSet, type Images, sliceImages } from '../data/data-set.ts';
import { OptionError } from '../errors.ts';

/** The images to evaluate: `limit` (or what is there) from `offset` on. @throws OptionError where the offset leaves none */
export function evaluationImages(dataset: DataSet, offset: number, limit: number): Images {
  const { count } = dataset.evaluation;
  if (offset >= count) {
    const what = `${offset} leaves none of the ${count} images of data set "${dataset.name}"`;
    throw new OptionError('offset', 'offset', what, `choose one below ${count}`);
  }
  return sliceImages(dataset.evaluation, offset, Math.min(limit, count - offset));
}

/**
 * The images to calibrate on, at most `wanted`: the first training images where the data set has some, else images that are not
 * evaluated: those after [offset, offset + evaluated), then those before. Pixels, [image][channel][y][x].
 * @throws OptionError where none are left
 */
export function calibrationImages(dataset: DataSet, offset: number, evaluated: number, wanted: number): Uint8Array {
  const { training, evaluation } = dataset;
  if (training && training.count > 0) return sliceImages(training, 0, Math.min(wanted, training.count)).pixels;
  const end = offset + evaluated;
  const after = sliceImages(evaluation, end, Math.min(wanted, evaluation.count - end));
  const before = sliceImages(evaluation, 0, Math.min(wanted - after.count, offset));
  if (after.count + before.count === 0) {
    throw new OptionError(
      'calibration-images',
      `data set "${dataset.name}"`,
      `all ${evaluation.count} images are evaluated and none is left to calibrate on`,
      'evaluate fewer (--limit), or put the training files beside',
    );
  }
  const pixels = new Uint8Array((after.count + before.count) * shapeSize(evaluation.shape));
  pixels.set(after.pixels);
  pixels.set(before.pixels, after.pixels.length);
  return pixels;
}
