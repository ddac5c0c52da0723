import type { ImageShape } from '../../ann/ann.ts';
import { DataSetError } from '../../errors.ts';
import { type DataSet, numberedClasses } from '../data-set.ts';
import { type ArrayImages, arrayImages, arraySource, gridOf, statisticsOf } from './array-images.ts';
import { readLabels } from './array-labels.ts';
import { fileBytes } from './byte-source.ts';
import { type NpyFile, openNpyFile } from './npy-header.ts';
import { type NpzEntry, openNpzFile, shownName } from './npz.ts';

/** How arrays are taken. */
export interface ArraysOptions {
  /** What the model takes: decides how images lie in the array. Without it their sizes do, where they can. */
  readonly input?: ImageShape;
}

/** Names of images and of their labels in a .npz file, the first that is there; those of one place belong together. */
const IMAGES = ['x', 'x_test', 'images', 'X', 'test_images', 'X_test'];
const LABELS = ['y', 'y_test', 'labels', 'Y', 'test_labels', 'Y_test'];

/** Those of training images. */
const TRAINING_IMAGES = ['x_train', 'train_images', 'X_train'];
const TRAINING_LABELS = ['y_train', 'train_labels', 'Y_train'];

const REMEDY = 'give labels that belong to the images';

/** Images with the class of each, or without where it is not known. */
interface Labelled<L extends Uint16Array | null> {
  readonly images: ArrayImages;
  readonly labels: L;
}

/**
 * Images and labels from two .npy files, all to evaluate on. Images are bytes or real numbers of shape [N, H, W], [N, D], [N, C, H, W] or
 * [N, H, W, C], and are read as they are needed; labels as `readLabels` says. Throws DataSetError by file and image.
 */
export async function openNpy(imagesPath: string, labelsPath: string, { input }: ArraysOptions = {}): Promise<DataSet> {
  const open = async (path: string) => openNpyFile(await fileBytes(path, 'give a .npy file, as numpy.save writes it'));
  return dataSetOf('npy', await joined(await open(imagesPath), await open(labelsPath), input), null);
}

/**
 * Images and labels from one .npz file: the arrays x and y, x_test and y_test, images and labels, X and Y, test_images and test_labels; or
 * labels of such a name and the only array that may be images beside them. x_train or train_images, where it is there, is to calibrate
 * on. For the rest as `openNpy`. Throws DataSetError; where there are no such arrays it lists those that there are.
 */
export async function openNpz(path: string, { input }: ArraysOptions = {}): Promise<DataSet> {
  const entries = await openNpzFile(path);
  const { images, labels } = await findArrays(entries, path);
  const evaluation = await joined(images, labels, input);
  const training = first(entries, TRAINING_IMAGES);
  if (!training) return dataSetOf('npz', evaluation, null);
  const trainingLabels = partner(entries, TRAINING_IMAGES.indexOf(training.name), TRAINING_LABELS);
  const file = await openNpyFile(training.file);
  const shape = input ?? evaluation.images.shape;
  const both = trainingLabels
    ? await joined(file, await openNpyFile(trainingLabels.file), shape)
    : { images: arrayImages(file, shape), labels: null };
  return dataSetOf('npz', evaluation, both);
}

/** The first of some names that a file has. */
const first = (entries: readonly NpzEntry[], names: readonly string[]): NpzEntry | undefined =>
  names.flatMap((name) => entries.find((entry) => entry.name === name) ?? []).at(0);

/** Labels by the name that belongs to the images' name, else by the first that is there. */
const partner = (entries: readonly NpzEntry[], place: number, names: readonly string[]): NpzEntry | undefined =>
  entries.find(({ name }) => name === names[place]) ?? first(entries, names);

/** The arrays to evaluate on. */
async function findArrays(entries: readonly NpzEntry[], path: string): Promise<{ images: NpyFile; labels: NpyFile }> {
  const named = first(entries, IMAGES);
  const labels = partner(entries, named ? IMAGES.indexOf(named.name) : -1, LABELS);
  if (named && labels) return { images: await openNpyFile(named.file), labels: await openNpyFile(labels.file) };
  const lacks = named ? 'labels' : 'images';
  if (labels) {
    const others = entries.filter((entry) => entry !== labels && ![...TRAINING_IMAGES, ...TRAINING_LABELS].includes(entry.name));
    const files: NpyFile[] = [];
    for (const { file } of others) files.push(await openNpyFile(file));
    const images = files.filter(({ shape }) => shape.length > 1);
    if (images.length === 1) return { images: images[0], labels: await openNpyFile(labels.file) };
  }
  const names = entries.slice(0, 20).map(({ name }) => shownName(name));
  const has = entries.length > 20 ? `${names.join(', ')} and ${entries.length - 20} more` : names.join(', ') || 'none';
  const what = `has no array that is known by its name for the ${lacks} (it has ${has})`;
  throw new DataSetError('data-arrays', path, what, 'name the images x and the labels y');
}

/** Images with their labels. @throws DataSetError where there are not as many of both */
async function joined(imagesFile: NpyFile, labelsFile: NpyFile, input: ImageShape | undefined): Promise<Labelled<Uint16Array>> {
  const images = arrayImages(imagesFile, input);
  const labels = await readLabels(labelsFile);
  if (labels.length === images.count) return { images, labels };
  const what = `has ${labels.length} labels for the ${images.count} images of ${images.where}`;
  throw new DataSetError('data-count', labelsFile.data.where, what, REMEDY);
}

async function dataSetOf(
  name: string,
  evaluation: Labelled<Uint16Array>,
  training: Labelled<Uint16Array | null> | null,
): Promise<DataSet> {
  const { images, labels } = evaluation;
  if (training && training.images.real !== images.real) {
    const what = `is of ${training.images.real ? 'real numbers' : 'bytes'}, and ${images.where} is not`;
    throw new DataSetError('data-type', training.images.where, what, 'save both as one type');
  }
  const grid = images.real ? await gridOf(training ? [images, training.images] : [images]) : null;
  return {
    name,
    classes: numberedClasses([...labels, ...(training?.labels ?? [])]),
    ...(await statisticsOf(images, grid)),
    ...(grid && { normalization: grid.normalized ? ('applied' as const) : ('unknown' as const) }),
    evaluation: arraySource(images, grid, labels),
    training: training && arraySource(training.images, grid, training.labels),
  };
}
