/**
 * Layouts. A tensor's dimensions run over the axes of its parts in some order, channels first or last: a word of letters for each
 * dimension says over which. So Transpose, Reshape and Flatten move no value; who reads weights takes them in that order.
 */

import { type Shape, shapeSize } from '../../ann/ann.ts';
import { channelCount, type Part, partShape, type Value } from '../value.ts';

type Letter = 'c' | 'h' | 'w';
type Sizes = Readonly<Record<Letter, number>>;

const NAMES: Readonly<Record<string, string>> = {
  n: 'batch',
  p: 'parts',
  c: 'channels',
  h: 'height',
  w: 'width',
};

/** Channels of all parts, height and width; `undefined` where the parts have maps of different sizes. */
function partSizes(parts: readonly Part[]): Sizes | undefined {
  const shapes = parts.map(partShape);
  const { height, width } = shapes[0];
  if (shapes.some((s) => s.height !== height || s.width !== width)) return undefined;
  return { c: shapes.reduce((n, s) => n + s.channels, 0), h: height, w: width };
}

/** Axes of a tensor with the channels first. */
export function channelsFirst(rank: number, parts: readonly Part[]): string[] {
  if (rank === 2) return ['n', partSizes(parts) ? 'chw' : 'pchw'];
  return rank === 3 ? ['n', 'c', 'w'] : ['n', 'c', 'h', 'w'];
}

/** A word without the axes of size 1, which may lie anywhere. */
const essential = (word: string, sizes: Sizes): string => [...word].filter((l) => sizes[l as Letter] > 1).join('');

/** Channels, height and width that the letters stand for; `undefined` where maps are flattened apart and side by side. */
export function sizesOf(value: Value): Sizes | undefined {
  const order = orderOf(value);
  return order.startsWith('p') && order !== 'pchw' ? undefined : partSizes(value.parts);
}

/** The order in which all values lie, slowest axis first, the batch aside. */
export const orderOf = ({ axes }: Value): string => axes.slice(1).join('');

/**
 * Deals the axes in the given order out to dimensions [batch, …]; axes of size 1 go to dimensions of 1.
 * `undefined` where a dimension would hold part of an axis.
 */
export function dealAxes(dims: readonly number[], order: string, sizes: Sizes): string[] | undefined {
  const letters = [...essential(order, sizes)] as Letter[];
  const axes = dims.slice(1).map((dim) => {
    let word = '';
    for (let size = 1; size < dim && letters.length > 0; size *= sizes[word.at(-1) as Letter]) word += letters.shift();
    return word;
  });
  const size = (word: string) => [...word].reduce((n, l) => n * sizes[l as Letter], 1);
  if (letters.length > 0 || axes.some((word, i) => size(word) !== dims[i + 1])) return undefined;
  const missing = [...(dims.length === 3 ? 'cw' : 'chw')].filter((l) => !axes.some((word) => word.includes(l)));
  return ['n', ...axes.map((word) => word || (missing.shift() ?? ''))];
}

/** The same values under other dims, in the same order. `undefined` where that would move a value or cut an axis. */
export function withDims(value: Value, dims: readonly number[], batch: number): Value | undefined {
  if (dims.length < 2 || dims[0] !== batch) return undefined;
  const order = orderOf(value);
  const sizes = sizesOf(value);
  if (!sizes) {
    const features = value.parts.reduce((n, part) => n + shapeSize(partShape(part)), 0);
    return dims.length === 2 && dims[1] === features ? { ...value, dims, axes: ['n', order] } : undefined;
  }
  const axes = dealAxes(dims, order, sizes);
  return axes && { ...value, dims, axes };
}

/** Whether dimension `index` runs over the given axes alone. */
export function runsOver(value: Value, index: number, word: string): boolean {
  const sizes = sizesOf(value);
  const own = value.axes[index];
  return sizes !== undefined && index > 0 && own !== undefined && essential(own, sizes) === essential(word, sizes);
}

/** Whether the dimensions are [batch, channels, height, width] or, of maps one high, [batch, channels, width]. */
export function isChannelsFirst(value: Value): boolean {
  const words = value.dims.length === 4 ? ['c', 'h', 'w'] : value.dims.length === 3 ? ['c', 'w'] : undefined;
  const flat = value.dims.length === 4 || sizesOf(value)?.h === 1;
  return words?.every((word, i) => runsOver(value, i + 1, word)) === true && flat;
}

/** Dims of maps of the given shape, of the same rank as a value whose channels come first. */
export const mapDims = ({ dims }: Value, { channels, height, width }: Shape): number[] =>
  dims.length === 3 ? [dims[0], channels, width] : [dims[0], channels, height, width];

/** "[batch, height, width, channels]" */
export const describe = ({ axes }: Value): string =>
  `[${axes.map((word) => [...word].map((l) => NAMES[l]).join(' · ') || '1').join(', ')}]`;

/** Whether two tensors hold their values in the same order. */
export const sameAxes = (a: Value, b: Value): boolean => {
  const sizes = sizesOf(a);
  if (!sizes || !sizesOf(b)) return a.axes.join() === b.axes.join();
  return a.axes.every((word, i) => essential(word, sizes) === essential(b.axes[i] ?? '?', sizes));
};

/** Where the values of each part, in the order [channel][y][x], lie among the features of a vector. */
export function featuresOf(value: Value): Uint32Array[] {
  const order = orderOf(value);
  const channels = channelCount(value);
  let first = 0;
  let offset = 0;
  return value.parts.map((part) => {
    const { channels: c, height: h, width: w } = partShape(part);
    const apart = order.startsWith('p');
    const at = apart
      ? positions({ c, h, w }, order, { c, h, w }, 0, offset)
      : positions({ c, h, w }, order, { c: channels, h, w }, first, 0);
    first += c;
    offset += c * h * w;
    return at;
  });
}

function positions(own: Sizes, order: string, all: Sizes, firstChannel: number, offset: number): Uint32Array {
  const strides: Record<Letter, number> = { c: 0, h: 0, w: 0 };
  let stride = 1;
  for (const letter of [...order].reverse() as Letter[]) {
    if (!(letter in all)) continue;
    strides[letter] = stride;
    stride *= all[letter];
  }
  const at = new Uint32Array(own.c * own.h * own.w);
  for (let i = 0; i < at.length; i++) {
    const [c, y, x] = [Math.floor(i / (own.h * own.w)), Math.floor(i / own.w) % own.h, i % own.w];
    at[i] = offset + (firstChannel + c) * strides.c + y * strides.h + x * strides.w;
  }
  return at;
}

/** Which channel an entry of dimension `index` belongs to; 0 where the dimension does not run over channels. */
export function channelAlong(value: Value, index: number): (entry: number) => number {
  const word = value.axes[index];
  const sizes = sizesOf(value);
  if (!sizes || !word.includes('c')) return () => 0;
  const stride = [...word.slice(word.indexOf('c') + 1)].reduce((n, l) => n * sizes[l as Letter], 1);
  return (entry) => Math.floor(entry / stride) % sizes.c;
}
