import { type ImageShape, type Shape, shapeSize } from '../../ann/ann.ts';
import { DataSetError } from '../../errors.ts';
import type { ImageSource } from '../../run/source.ts';
import { pixelStatistics } from '../pixel-statistics.ts';
import { layoutOf } from './array-layout.ts';
import { bytesOf, elementsOf, kindOf } from './npy.ts';
import type { NpyFile } from './npy-header.ts';

/** Images that the range and the statistics are taken from, at most, evenly spread over all of them. */
const SAMPLE = 500;

/** Bytes of the pixels that statistics are taken from, at most. */
const SAMPLE_BYTES = 2 ** 28;

/** Images in an array, as the numbers that they are there. */
export interface ArrayImages {
  /** The array, as errors name it. */
  readonly where: string;
  readonly count: number;
  readonly shape: Shape;
  /** Real numbers; else bytes. */
  readonly real: boolean;
  /** Images [first, first + count), [image][channel][y][x]. Throws DataSetError. */
  read(first: number, count: number): Promise<Uint8Array | Float32Array | Float64Array>;
}

/**
 * How real numbers become bytes: `low` is 0 and `low + range` is 255, in 255 equal steps. Where the images are pixels (of 0…1 or 0…255) no
 * number is outside; where they were normalised already, the few that are outside the sample's range take its ends.
 */
export interface Grid {
  readonly low: number;
  readonly range: number;
  readonly normalized: boolean;
}

/**
 * Images in an array of bytes or of real numbers.
 * @param input what the model takes, which decides how an image lies in the array
 * @throws DataSetError for elements of another type, and for sizes that images do not have
 */
export function arrayImages({ type, shape: sizes, data }: NpyFile, input?: ImageShape): ArrayImages {
  const { where } = data;
  const real = kindOf(type) === 'real';
  if (!real && type !== '|u1') {
    const what = `has elements of type "${type}", which images are not made of`;
    throw new DataSetError('data-type', where, what, 'save images.astype("uint8") for pixels 0…255, else images.astype("float32")');
  }
  const { shape, interleaved } = layoutOf(sizes, input, where);
  const bytes = shapeSize(shape) * bytesOf(type);
  return {
    where,
    count: sizes[0],
    shape,
    real,
    read: async (first, count) => {
      const values = elementsOf(await data.read(first * bytes, count * bytes), type) as Uint8Array | Float32Array | Float64Array;
      return interleaved ? channelsFirst(values, shape) : values;
    },
  };
}

/** [image][y][x][channel] as [image][channel][y][x]. */
function channelsFirst<T extends Uint8Array | Float32Array | Float64Array>(values: T, { channels, height, width }: Shape): T {
  const area = height * width;
  const size = channels * area;
  const sorted = values.slice() as T;
  for (let start = 0; start < values.length; start += size) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < area; p++) sorted[start + c * area + p] = values[start + p * channels + c];
    }
  }
  return sorted;
}

/**
 * The grid for images of real numbers, from the least and the largest of a sample of all of them: those within 0…1 and those within 0…255
 * (that go beyond 2) are pixels; all others were normalised already, and their range is widened to hold 0.
 * @throws DataSetError for a number that is none, by its image
 */
export async function gridOf(sources: readonly ArrayImages[]): Promise<Grid> {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const images of sources) {
    for (const image of sampleOf(images)) {
      for (const value of await images.read(image, 1)) {
        if (!Number.isFinite(value)) noPixel(images, image, value, null);
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (low >= 0 && high <= 1) return { low: 0, range: 1, normalized: false };
  if (low >= 0 && high > 2 && high <= 255) return { low: 0, range: 255, normalized: false };
  low = Math.min(low, 0);
  const range = Math.max(high, 0) - low;
  if (Number.isFinite(range) && Number.isFinite(1 / range)) return { low, range, normalized: true };
  const what = `has values from ${low} to ${high}, which no normalised image has`;
  throw new DataSetError('data-corrupt', sources[0].where, what, 'save the images as the model takes them');
}

/** Indices of the images that a sample takes, evenly spread. */
function sampleOf({ count, shape }: ArrayImages): number[] {
  const most = Math.max(Math.min(SAMPLE, count, Math.floor(SAMPLE_BYTES / shapeSize(shape))), 1);
  return Array.from({ length: most }, (_, i) => Math.floor((i * count) / most));
}

function noPixel({ where }: ArrayImages, image: number, value: number, grid: Grid | null): never {
  const what = grid ? `holds ${value}, and the others are of 0 … ${grid.range}` : `holds ${value}, which is no value of a pixel`;
  throw new DataSetError('data-corrupt', `${where}, image ${image}`, what, 'correct the array');
}

/** Images in an array as a source of bytes. @param grid needed for real numbers */
export function arraySource<L extends ImageSource['labels']>(
  images: ArrayImages,
  grid: Grid | null,
  labels: L,
): ImageSource & { readonly labels: L } {
  const { count, shape } = images;
  return { count, shape, labels, read: (first, n) => readPixels(images, grid, first, n) };
}

async function readPixels(images: ArrayImages, grid: Grid | null, first: number, count: number): Promise<Uint8Array> {
  const values = await images.read(first, count);
  if (values instanceof Uint8Array || !grid) return values as Uint8Array;
  const { low, range, normalized } = grid;
  const size = shapeSize(images.shape);
  const pixels = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const q = Math.round(((values[i] - low) / range) * 255);
    const isInside = q >= 0 && q <= 255;
    if (!isInside && (!normalized || !Number.isFinite(values[i]))) {
      noPixel(images, first + Math.floor(i / size), values[i], Number.isFinite(values[i]) ? grid : null);
    }
    pixels[i] = Math.min(Math.max(q, 0), 255);
  }
  return pixels;
}

/**
 * Mean and standard deviation of pixels / 255: those that bring normalised images back; none for other real numbers, of which nobody
 * knows what the network is to be given; of bytes those of a sample, one value a channel (one in all for vectors).
 */
export async function statisticsOf(images: ArrayImages, grid: Grid | null): Promise<{ mean: number[]; std: number[] }> {
  if (grid) return grid.normalized ? { mean: [(0 - grid.low) / grid.range], std: [1 / grid.range] } : { mean: [0], std: [1] };
  const { shape } = images;
  const size = shapeSize(shape);
  const sample = sampleOf(images);
  const pixels = new Uint8Array(sample.length * size);
  for (const [i, image] of sample.entries()) pixels.set(await readPixels(images, grid, image, 1), i * size);
  const isVector = shape.height === 1 && shape.width === 1;
  return pixelStatistics(pixels, isVector ? { channels: 1, height: 1, width: size } : shape);
}
