import type { ImageSource, LabelledSource } from '../run/source.ts';

/** A data set that the command can evaluate on. Its images are read as they are needed. */
export interface DataSet {
  /** As in `--dataset`: "mnist", "cifar10", … */
  readonly name: string;
  readonly classes: readonly string[];
  /** Mean and standard deviation of pixels / 255, a channel: the default where the model has no sidecar. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /**
   * The images came as numbers that the network takes as they are, put on 255 steps: `mean` and `std` bring them back, and no other
   * mean or standard deviation is right.
   */
  readonly normalized?: boolean;
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
