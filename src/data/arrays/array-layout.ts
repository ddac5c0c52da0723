import { type ImageShape, type Shape, shapeSize } from '../../ann/ann.ts';
import { DataSetError } from '../../errors.ts';
import { MAX_BYTES } from '../read-file.ts';

const REMEDY = 'give images as [N, H, W], [N, D], [N, C, H, W] or [N, H, W, C]';

/** As many channels as images are known to have: grey, colours, colours and opacity. */
const CHANNELS = [1, 3, 4];

/** How one image lies in an array. */
export interface Layout {
  /** Of the image as the network takes it. */
  readonly shape: Shape;
  /** Channels last, [y][x][channel]; else [channel][y][x]. */
  readonly interleaved: boolean;
}

/**
 * The layout of the images in an array. What the model takes decides; without it, which size is 1, 3 or 4.
 * @param sizes of the array, the number of images first
 * @param input what the model takes; a vector takes any image of as many values, in the array's order; where both layouts fit, the model's own
 * @throws DataSetError where no layout fits, or several do
 */
export function layoutOf(sizes: readonly number[], input: ImageShape | undefined, where: string): Layout {
  const refuse = (what: string, remedy = REMEDY): never => {
    throw new DataSetError('data-shape', where, `has the shape ${sizes.join(' × ') || '()'}, ${what}`, remedy);
  };
  const [, ...image] = sizes;
  if (image.length < 1 || image.length > 3) refuse('which images do not have');
  if (sizes.includes(0)) throw new DataSetError('data-empty', where, `holds nothing (sizes ${sizes.join(' × ')})`, 'get it again');
  const values = image.reduce((a, b) => a * b, 1);
  if (values > MAX_BYTES) refuse(`and at most ${MAX_BYTES} values of an image are read`);
  const layout = input ? layoutFor(image, input, values) : layoutBySizes(image);
  if (layout) return layout;
  if (!input) return refuse('and either of two sizes may be its channels', 'give the model, whose input decides');
  const { channels, height, width } = input;
  const what = `and the model takes ${channels} × ${height} × ${width} (channels × height × width)`;
  return refuse(what, 'choose images that the model was trained on');
}

const planar = (channels: number, height: number, width: number): Layout => ({
  shape: { channels, height, width },
  interleaved: false,
});

/** The layout in which an image is what the model takes. */
function layoutFor(image: readonly number[], input: ImageShape, values: number): Layout | null {
  const { channels, height, width, layout } = input;
  if (values !== shapeSize(input)) return null;
  if (height === 1 && width === 1) return vectorLayout(image, values);
  const is = (...sizes: number[]) => sizes.length === image.length && sizes.every((size, i) => size === image[i]);
  const first = planar(channels, height, width);
  const last = { ...first, interleaved: true };
  const own = layout === 'nhwc' ? last : first;
  const fits = [first, last].filter((one) => (one === first ? is(channels, height, width) : is(height, width, channels)));
  if (image.length === 1 || fits.length === 2) return own;
  return fits[0] ?? (channels === 1 && is(height, width) ? first : null);
}

/** For a model that takes a vector: the values in the array's order, as a map where they are one. */
function vectorLayout(image: readonly number[], values: number): Layout {
  const map = image.length === 1 ? null : layoutBySizes(image);
  return map && !map.interleaved ? map : planar(values, 1, 1);
}

function layoutBySizes(image: readonly number[]): Layout | null {
  const [a, b, c] = image;
  if (image.length === 1) return planar(a, 1, 1);
  if (image.length === 2) return planar(1, a, b);
  if (CHANNELS.includes(a) === CHANNELS.includes(c)) return null;
  if (CHANNELS.includes(a)) return planar(a, b, c);
  return { shape: { channels: c, height: a, width: b }, interleaved: c > 1 };
}
