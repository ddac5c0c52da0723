import { type Shape, shapeSize } from '../../ann/ann.ts';
import { OptionError } from '../../errors.ts';
import { type ImageSource, readImages, sourceLike } from '../../run/source.ts';
import { type Channels, framed, planes } from './decode.ts';
import { centre, type Framing, resized } from './framing.ts';

/**
 * The images of a source, brought to another size or number of channels as pictures in files are.
 * @param channels null: as they are
 * @throws OptionError where the images are no pictures, or smaller than what is to be cut out of them
 */
export function reframe<S extends ImageSource>(source: S, framing: Framing, channels: Channels | null) {
  const { shape: from } = source;
  const found = channelsOf(from);
  const wanted = channels ?? found;
  const size = resized(from, framing.resize);
  const { width, height } = centre(size, framing.crop);
  if (Math.min(size.width, size.height) < (framing.crop ?? 0)) {
    const what = `${framing.crop} is more than images of ${size.width} × ${size.height} have`;
    throw new OptionError('crop', 'crop', what, 'ask for a smaller --crop, or for --resize');
  }
  const shape: Shape = { channels: wanted, height, width };
  const one = async (pixels: Uint8Array): Promise<Uint8Array> => {
    const { default: sharp } = await import('sharp');
    const raw = { width: from.width, height: from.height, channels: found };
    const image = sharp(interleaved(pixels, found), { raw }).toColourspace(found === 1 ? 'b-w' : 'srgb');
    const { pixels: kept } = await framed(image, from, framing, 'an image');
    return planes(kept, width * height, wanted);
  };
  return sourceLike(source, {
    shape,
    read: async (first: number, count: number) => {
      const pixels = await readImages(source, first, count);
      const [before, after] = [shapeSize(from), shapeSize(shape)];
      const all = new Uint8Array(count * after);
      for (let i = 0; i < count; i++) all.set(await one(pixels.subarray(i * before, (i + 1) * before)), i * after);
      return all;
    },
  });
}

function channelsOf({ channels, height, width }: Shape): Channels {
  if ((channels === 1 || channels === 3) && height * width > 1) return channels;
  const what = `of ${channels} × ${height} × ${width} are no pictures, grey or in colour, and keep their size`;
  throw new OptionError('resize', 'images', what, 'leave out --resize, --crop and --channels');
}

/** [channel][y][x] as [y][x][channel]. */
function interleaved(pixels: Uint8Array, channels: number): Uint8Array {
  const area = pixels.length / channels;
  return Uint8Array.from(pixels, (_, i) => pixels[(i % channels) * area + Math.floor(i / channels)]);
}
