import type { Ann } from '../ann/ann.ts';
import type { DataSet } from '../data/data-set.ts';
import { readSidecar } from '../data/sidecar.ts';
import { importOnnx } from '../onnx/import.ts';
import type { ImageSource, LabelledSource } from '../run/source.ts';
import { checkClasses, checkLabels, checkShapes, chooseNormalization } from './fit.ts';
import type { EvaluateSettings } from './options.ts';
import { calibrationImages, evaluationImages } from './selection.ts';

/** What is needed to run: everything checked, nothing computed and no image read yet. */
export interface Evaluation extends Required<EvaluateSettings> {
  readonly ann: Ann;
  readonly images: LabelledSource;
  readonly calibrationSource: ImageSource;
}

/**
 * Reads a model with its sidecar, checks it against the data set, and picks the images.
 * @throws OptionError, UnsupportedModelError, ModelFormatError
 */
export async function prepare(model: string | Ann, dataset: DataSet, settings: EvaluateSettings): Promise<Evaluation> {
  const sidecar = typeof model === 'string' ? await readSidecar(model) : null;
  const ann = typeof model === 'string' ? await importOnnx(model) : model;
  checkClasses(ann, sidecar);
  checkShapes(ann, dataset);
  const images = evaluationImages(dataset, settings.offset, settings.limit);
  checkLabels(ann, images, dataset.name, settings.offset);
  const calibrationSource = calibrationImages(dataset, settings.offset, images.count, settings.calibration);
  return { ...settings, ...chooseNormalization(ann, dataset, sidecar, settings), ann, images, calibrationSource };
}
