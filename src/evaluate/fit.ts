import { type Preprocessing, type Shape, shapeSize } from '../ann/ann.ts';
import { normalizationOf } from '../ann/pixels.ts';
import type { DataSet } from '../data/data-set.ts';
import type { Sidecar } from '../data/sidecar.ts';
import { ModelFormatError, OptionError } from '../errors.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { AboutNormalization, NormalizationOrigin } from '../network/saved/about.ts';
import type { Normalization } from '../run/ann-session.ts';
import type { ImageSource } from '../run/source.ts';

/** What a network takes and gives: all that images are checked against. A trained network is one as it stands. */
export interface Classifier {
  readonly name: string;
  readonly input: Shape;
  /** What the file does to its input first. */
  readonly preprocessing?: Preprocessing;
  /** The last one is the readout. */
  readonly layers: readonly { readonly shape: Shape }[];
}

/** What a spiking network takes and gives. */
export const asClassifier = ({ name, input, layers }: SpikingNetwork): Classifier => ({ name, input: input.shape, layers });

/** Logits of an image: the readout's channels. */
export const logitsOf = ({ layers }: Pick<Classifier, 'layers'>): number => layers[layers.length - 1].shape.channels;

/** Number of classes: one a logit; one logit alone decides between two. */
export const classesOf = (classifier: Pick<Classifier, 'layers'>): number => Math.max(2, logitsOf(classifier));

/** What the classes are called: as the sidecar says, else as the data set does where it has as many; null where nobody does. */
export const classNames = (ann: Classifier, sidecar: Sidecar | null, { classes }: DataSet): readonly string[] | null =>
  sidecar?.classes ?? (classes.length === classesOf(ann) ? classes : null);

/** Whether the input is a plain vector, which takes images of any shape with that many pixels. */
const isVector = (shape: Shape): boolean => shape.height === 1 && shape.width === 1;

const sizes = ({ channels, height, width }: Shape): string => `${channels} × ${height} × ${width}`;

/**
 * Checks that the model can take the data set's images, and those to calibrate on.
 * @throws OptionError naming both shapes, and how images are brought to the model's
 */
export function checkShapes(ann: Classifier, dataset: DataSet, own: ImageSource | null = null): void {
  const { evaluation, training } = dataset;
  const { input } = ann;
  const misfit = (source: ImageSource | null): source is ImageSource =>
    source !== null && (isVector(input) ? shapeSize(input) !== shapeSize(source.shape) : sizes(input) !== sizes(source.shape));
  const wrong = [evaluation, training, own].find(misfit);
  if (!wrong) return;
  const whose = wrong === own ? 'the images to calibrate on have' : `data set "${dataset.name}" has`;
  throw new OptionError(
    'image-shape',
    `model "${ann.name}"`,
    `takes images of ${sizes(input)}, ${whose} ${sizes(wrong.shape)} (channels × height × width)`,
    remedyFor(input, wrong.shape),
  );
}

/** How pictures are brought to what a model takes, where options can do that. */
function remedyFor(input: Shape, found: Shape): string {
  const picture = ({ channels, height, width }: Shape) => (channels === 1 || channels === 3) && height * width > 1;
  const choose = 'choose the data set that the model was trained on';
  if (isVector(input) || input.height !== input.width || !picture(input) || !picture(found)) return choose;
  const options = [
    ...(found.height === input.height && found.width === input.width ? [] : [`--resize ${input.height} --crop ${input.height}`]),
    ...(found.channels === input.channels ? [] : [`--channels ${input.channels}`]),
  ];
  return `${choose}, or bring the images to its size with ${options.join(' ')}`;
}

/** Checks that classes that are numbered by their sorted names are all that the model has. @throws OptionError */
export function checkSorted(ann: Classifier, { name, classes, sortedClasses = false }: DataSet): void {
  if (!sortedClasses || classes.length === classesOf(ann)) return;
  throw new OptionError(
    'classes',
    `data set "${name}"`,
    `has ${classes.length} classes, model "${ann.name}" has ${classesOf(ann)}: which is which cannot be told from sorted names`,
    'number them in a file, one class a line in the order of the model, the name of its folder first (--classes FILE)',
  );
}

/** Checks that every image has a label that is a class of the model. @throws OptionError by image */
export function checkLabels(ann: Classifier, { count, labels }: ImageSource, dataset: string, offset: number): void {
  const classes = classesOf(ann);
  if (!labels || labels.length < count) {
    const what = labels ? `has ${labels.length} labels for ${count} images` : 'has no labels';
    throw new OptionError(
      'labels',
      `data set "${dataset}"`,
      what,
      'give the class of each image; without them, predict says what is in images',
    );
  }
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
export function checkClasses(ann: Classifier, sidecar: Sidecar | null): void {
  const named = sidecar?.classes?.length ?? classesOf(ann);
  if (named === classesOf(ann)) return;
  throw new ModelFormatError(
    'sidecar-classes',
    `sidecar of model "${ann.name}"`,
    `names ${named} classes, the model has ${classesOf(ann)}`,
    'correct the field "classes", or leave it out',
  );
}

/** Mean and standard deviation of pixels / 255, one value a channel or one for all, and who says so. */
export type NormalizationFigures = AboutNormalization;

/** Mean and standard deviation for each entry of the input, and the figures that they come from. */
export interface Normalized extends Normalization {
  readonly normalization: NormalizationFigures;
}

/**
 * Mean and standard deviation, each from the first that has it: images that came normalised, options, the model's sidecar, the model itself
 * (which normalises in its graph, and so takes pixels of 0…255 or 0…1 as they are), the data set. A
 * model that takes a vector gets one value for each of its entries, from one for each channel of the images.
 * @throws OptionError for another number of values than channels, and for values out of range
 */
export function chooseNormalization(
  ann: Classifier,
  dataset: DataSet,
  sidecar: Sidecar | null,
  options: Partial<Normalization>,
): Normalized {
  const { shape } = dataset.evaluation;
  const applied = dataset.normalization === 'applied';
  const origins = (name: 'mean' | 'std'): [NormalizationOrigin, readonly number[] | undefined][] => {
    if (applied) refuseOption(name, options[name]);
    const rest: [NormalizationOrigin, readonly number[] | undefined][] = [
      ['options', options[name]],
      ['sidecar', sidecar?.[name]],
      ['model', ownNormalization(ann)?.[name]],
      [dataset.normalization === 'unknown' ? 'nobody' : 'data set', dataset[name]],
    ];
    return applied ? [['images', dataset[name]]] : rest;
  };
  const choose = (name: 'mean' | 'std', isValid: (v: number) => boolean, range: string) => {
    const [from, values] = origins(name).find(([, found]) => found !== undefined) as [NormalizationOrigin, readonly number[]];
    checkValues(name, values, shape.channels, isValid, range);
    return { from, values };
  };
  const mean = choose('mean', (v) => v >= 0 && v <= 1, 'from 0 to 1');
  const std = choose('std', (v) => v > 0 && Number.isFinite(v), 'above 0');
  const entries = (values: readonly number[]): readonly number[] =>
    values.length === 1 || !isVector(ann.input) || isVector(shape)
      ? values
      : values.flatMap((v) => new Array<number>(shape.height * shape.width).fill(v));
  const chosen = { mean: entries(mean.values), std: entries(std.values) };
  const own = mean.from === 'model' && std.from === 'model';
  const shown = own ? shownNormalization(ann, chosen) : { mean: mean.values, std: std.values };
  return { ...chosen, normalization: { ...shown, meanFrom: mean.from, stdFrom: std.from } };
}

/** What a file that normalises itself does to pixels / 255 from the first to the network. */
export function shownNormalization(ann: Classifier, chosen: Normalization): Normalization {
  const { mean, std } = normalizationOf(ann, chosen);
  return { mean: shortest(mean), std: shortest(std) };
}

/** What makes the input of a file that normalises itself of pixels / 255. */
export const ownNormalization = ({ preprocessing }: Classifier): Normalization | null =>
  preprocessing ? { mean: [0], std: [1 / preprocessing.white] } : null;

/** One value for all where they are the same, as of a vector's entries. */
export const shortest = (values: readonly number[]): readonly number[] =>
  values.every((v) => v === values[0]) ? values.slice(0, 1) : values;

function refuseOption(name: 'mean' | 'std', value: readonly number[] | undefined): void {
  if (value === undefined) return;
  const what = 'cannot be given for images that are normalised already (an array of floats beyond 0…1)';
  throw new OptionError('normalized', name, what, 'leave it out, or give the pixels as they were');
}

function checkValues(
  name: 'mean' | 'std',
  values: readonly number[],
  channels: number,
  isValid: (v: number) => boolean,
  range: string,
): void {
  if (values.length !== 1 && values.length !== channels) {
    const what = `${values.length} values, and the images have ${channels} channels`;
    throw new OptionError(name, name, what, `give one value, or ${channels}`);
  }
  if (values.every(isValid)) return;
  throw new OptionError(name, name, `[${values.join(', ')}] is not all ${range}`, 'it is of pixels / 255');
}
