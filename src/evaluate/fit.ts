import { type Ann, type Shape, shapeSize } from '../ann/ann.ts';
import type { DataSet } from '../data/data-set.ts';
import type { Sidecar } from '../data/sidecar.ts';
import { ModelFormatError, OptionError } from '../errors.ts';
import type { Normalization } from '../run/ann-session.ts';
import type { LabelledSource } from '../run/source.ts';

/** Number of classes: the readout's channels. */
export const classesOf = (ann: Ann): number => ann.layers[ann.layers.length - 1].shape.channels;

/** Whether the input is a plain vector, which takes images of any shape with that many pixels. */
const isVector = (shape: Shape): boolean => shape.height === 1 && shape.width === 1;

const sizes = ({ channels, height, width }: Shape): string => `${channels} × ${height} × ${width}`;

/** Checks that the model can take the data set's images. @throws OptionError naming both shapes */
export function checkShapes(ann: Ann, dataset: DataSet): void {
  const { evaluation, training } = dataset;
  for (const { shape } of training ? [evaluation, training] : [evaluation]) {
    const { input } = ann;
    const fits = isVector(input) ? shapeSize(input) === shapeSize(shape) : sizes(input) === sizes(shape);
    if (fits) continue;
    throw new OptionError(
      'image-shape',
      `model "${ann.name}"`,
      `takes images of ${sizes(input)}, data set "${dataset.name}" has ${sizes(shape)} (channels × height × width)`,
      'choose the data set that the model was trained on',
    );
  }
}

/** Checks that every image has a label that is a class of the model. @throws OptionError by image */
export function checkLabels(ann: Ann, { count, labels }: LabelledSource, dataset: string, offset: number): void {
  const classes = classesOf(ann);
  const isClass = (label: number | undefined) => Number.isInteger(label) && (label as number) >= 0 && (label as number) < classes;
  let at = 0;
  while (at < count && isClass(labels[at])) at++;
  if (at === count) return;
  throw new OptionError(
    'label',
    `data set "${dataset}", image ${offset + at}`,
    `has class ${labels[at]}, and model "${ann.name}" has ${classes} classes, numbered from 0`,
    'choose the data set that the model was trained on',
  );
}

/** Checks that the sidecar speaks of this model. @throws ModelFormatError where it names another number of classes */
export function checkClasses(ann: Ann, sidecar: Sidecar | null): void {
  const named = sidecar?.classes?.length ?? classesOf(ann);
  if (named === classesOf(ann)) return;
  throw new ModelFormatError(
    'sidecar-classes',
    `sidecar of model "${ann.name}"`,
    `names ${named} classes, the model has ${classesOf(ann)}`,
    'correct the field "classes", or leave it out',
  );
}

/**
 * Mean and standard deviation, each from the first that has it: options, the model's sidecar, the data set. A model that takes a
 * vector gets one value for each of its entries, from one for each channel of the images.
 * @throws OptionError for another number of values than channels, and for values out of range
 */
export function chooseNormalization(
  ann: Ann,
  dataset: DataSet,
  sidecar: Sidecar | null,
  options: Partial<Normalization>,
): Normalization {
  const { channels, height, width } = dataset.evaluation.shape;
  const choose = (name: 'mean' | 'std', isValid: (v: number) => boolean, range: string): readonly number[] => {
    const values = options[name] ?? sidecar?.[name] ?? dataset[name];
    if (values.length !== 1 && values.length !== channels) {
      const what = `${values.length} values, and the images have ${channels} channels`;
      throw new OptionError(name, name, what, `give one value, or ${channels}`);
    }
    if (!values.every(isValid))
      throw new OptionError(name, name, `[${values.join(', ')}] is not all ${range}`, 'it is of pixels / 255');
    if (values.length === 1 || !isVector(ann.input) || isVector(dataset.evaluation.shape)) return values;
    return values.flatMap((v) => new Array<number>(height * width).fill(v));
  };
  return {
    mean: choose('mean', (v) => v >= 0 && v <= 1, 'from 0 to 1'),
    std: choose('std', (v) => v > 0 && Number.isFinite(v), 'above 0'),
  };
}
