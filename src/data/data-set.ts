import type { Shape } from '../ann/ann.ts';

/** Labelled images in memory. */
export interface Images {
  readonly count: number;
  readonly shape: Shape;
  /** [image][channel][y][x], 0…255. */
  readonly pixels: Uint8Array;
  /** Class of each image. */
  readonly labels: Uint16Array;
}

/** A data set that the command can evaluate on. */
export interface DataSet {
  /** As in `--dataset`: "mnist", "cifar10", … */
  readonly name: string;
  readonly classes: readonly string[];
  /** Mean and standard deviation of pixels / 255, a channel: the default where the model has no sidecar. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The images to evaluate on, in the file's order. */
  readonly evaluation: Images;
  /** The training images, where the data set has them at hand (calibration). */
  readonly training: Images | null;
}

/** Images [start, start + count) of a set, sharing its memory. */
export function sliceImages(images: Images, start: number, count: number): Images {
  const size = images.shape.channels * images.shape.height * images.shape.width;
  return {
    count,
    shape: images.shape,
    pixels: images.pixels.subarray(start * size, (start + count) * size),
    labels: images.labels.subarray(start, start + count),
  };
}
