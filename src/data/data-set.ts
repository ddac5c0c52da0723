import type { ImageSource, LabelledSource } from '../run/source.ts';

/** A data set that the command can evaluate on. Its images are read as they are needed. */
export interface DataSet {
  /** As in `--dataset`: "mnist", "cifar10", … */
  readonly name: string;
  readonly classes: readonly string[];
  /** Classes are numbered by the sorted names of those that occur: right only where these are all that the network knows. */
  readonly sortedClasses?: boolean;
  /** Mean and standard deviation of pixels / 255, a channel: the default where the model has no sidecar. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /**
   * What mean and std are: "customary" for such images (default); "applied": the images came as numbers that the network takes as they
   * are, put on 255 steps, which these alone bring back; "unknown": nobody knows, pixels / 255 are taken as they are.
   */
  readonly normalization?: 'customary' | 'applied' | 'unknown';
  /** The images to evaluate on, in the file's order, with the class of each. */
  readonly evaluation: LabelledSource;
  /** The training images, where the data set has them at hand (calibration). */
  readonly training: ImageSource | null;
  /** What was left out, and why (`skipBad`). */
  readonly skipped?: readonly SkippedImage[];
}

/** An image that cannot be read. */
export interface SkippedImage {
  readonly path: string;
  readonly reason: string;
}

/** Names of classes that have none but their numbers: `least`, or as many as the largest label asks for. */
export function numberedClasses(labels: Iterable<number>, least = 10): string[] {
  let count = least;
  for (const label of labels) count = Math.max(count, label + 1);
  return Array.from({ length: count }, (_, c) => String(c));
}

/** Images as a data set: one, or a labelled source, whose classes have no names and whose normalisation is unknown. */
export const asDataSet = (images: DataSet | LabelledSource): DataSet =>
  'evaluation' in images
    ? images
    : { name: 'images', classes: [], mean: [0], std: [1], normalization: 'unknown', evaluation: images, training: null };
