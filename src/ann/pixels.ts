import { type OptionCode, OptionError } from '../errors.ts';
import { type Ann, type Shape, shapeSize } from './ann.ts';

/**
 * Number of images in a caller's bytes.
 * @param images pixels 0…255, [image][channel][y][x]
 * @throws OptionError where they are not bytes, or not a whole number of images
 */
export function countImages(images: Uint8Array, shape: Shape): number {
  const remedy = 'give pixels 0…255, [image][channel][y][x]';
  if (!(images instanceof Uint8Array)) throw new OptionError('images', 'images', 'are not a Uint8Array', remedy);
  const size = shapeSize(shape);
  if (images.length === 0 || images.length % size !== 0) {
    const what = `${images.length} bytes are not a whole number of images of ${shape.channels} × ${shape.height} × ${shape.width}`;
    throw new OptionError('images', 'images', what, remedy);
  }
  return images.length / size;
}

/**
 * One value a channel, from one a channel or one for all.
 * @param option its name, for errors
 * @throws OptionError for another number of values
 */
export function perChannel(values: readonly number[], channels: number, option: OptionCode): number[] {
  if (values.length !== 1 && values.length !== channels) {
    throw new OptionError(
      option,
      option,
      `${values.length} values for ${channels} input channels`,
      `give one value, or ${channels} separated by commas`,
    );
  }
  return Array.from({ length: channels }, (_, c) => values[values.length === 1 ? 0 : c]);
}

/**
 * Mean and standard deviation of pixels / 255 as the network takes them, one of each a channel: what makes the file's input of pixels, and
 * what the file does to that first.
 * @throws OptionError for another number of values
 */
export function normalizationOf(
  { input, preprocessing }: Pick<Ann, 'input' | 'preprocessing'>,
  options: { readonly mean: readonly number[]; readonly std: readonly number[] },
): { readonly mean: number[]; readonly std: number[] } {
  const [mean, std] = (['mean', 'std'] as const).map((name) => perChannel(options[name], input.channels, name));
  if (!preprocessing) return { mean, std };
  const { scale, shift } = preprocessing;
  return { mean: mean.map((m, c) => m - (shift[c] * std[c]) / scale[c]), std: std.map((s, c) => s / scale[c]) };
}
