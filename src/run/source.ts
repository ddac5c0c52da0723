import { type Shape, shapeSize } from '../ann/ann.ts';
import { countImages } from '../ann/pixels.ts';
import { OptionError } from '../errors.ts';

/** Where images come from; nothing holds the whole set. */
export interface ImageSource {
  readonly count: number;
  readonly shape: Shape;
  /** Class of each image; null where they are not known. */
  readonly labels: ArrayLike<number> | null;
  /** Pixels 0…255 of images [first, first + count), [image][channel][y][x]. */
  read(first: number, count: number): Uint8Array | Promise<Uint8Array>;
}

/** Images in memory. @throws OptionError where the pixels are not a whole number of images */
export function pixelsSource(pixels: Uint8Array, shape: Shape, labels: ArrayLike<number> | null = null): ImageSource {
  const count = countImages(pixels, shape);
  const size = shapeSize(shape);
  return { count, shape, labels, read: (first, n) => pixels.subarray(first * size, (first + n) * size) };
}

/**
 * Reads a source in order, one call ahead of what is asked for. @throws OptionError (by the promise) where it gives something else
 * than the pixels of the images
 */
export function readAhead(source: ImageSource, batch: number): (first: number, count: number) => Promise<Uint8Array> {
  const size = shapeSize(source.shape);
  const start = async (first: number): Promise<Uint8Array> => {
    const count = Math.min(batch, source.count - first);
    const pixels = await source.read(first, count);
    if (pixels instanceof Uint8Array && pixels.length === count * size) return pixels;
    const what = `gave ${pixels?.length ?? 'no'} bytes for ${count} images of ${size}`;
    throw new OptionError('images', `image source, images ${first} to ${first + count - 1}`, what, 'correct its read()');
  };
  let next: Promise<Uint8Array> | null = null;
  return async (first) => {
    const now = next ?? start(first);
    const pixels = await now;
    next = first + batch < source.count ? start(first + batch) : null;
    // who asks for it is told; where nobody does, nothing is lost
    next?.catch(() => {});
    return pixels;
  };
}
