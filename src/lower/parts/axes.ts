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
  g: 'groups of channels',
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
const essential = (word: string, sizes: Sizes): string => [...word].filter((l) => l === 'g' || sizes[l as Letter] > 1).join('');

/** Channels, height and width that the letters stand for; `undefined` where maps are flattened apart and side by side. */
export function sizesOf(value: Value): Sizes | undefined {
  const order = orderOf(value);
  return order.startsWith('p') && order !== 'pchw' ? undefined : partSizes(value.parts);
}

/** The order in which all values lie, slowest axis first, the batch aside; a "g" in it is of channels that are taken apart. */
export const orderOf = ({ dims, axes }: Value): string =>
  axes
    .filter((word, i) => word !== 'n' && dims[i] > 1)
    .join('')
    .replace(/g+/, 'c');

/** Whether channels lie along several dimensions. */
export const isGrouped = ({ axes }: Value): boolean => axes.includes('g');

/** An axis, or what is left of it. */
interface Left {
  readonly letter: string;
  readonly size: number;
}

/**
 * Deals the batch and the axes in the given order out to dimensions; axes of size 1 go to dimensions of 1. Channels may be cut, each piece
 * with a dimension of its own. `undefined` where a dimension would hold part of another axis.
 */
export function dealAxes(dims: readonly number[], order: string, sizes: Sizes, batch: number): string[] | undefined {
  const axes = [...essential(order, sizes)].map((letter): Left => ({ letter, size: sizes[letter as Letter] }));
  const left = batch > 1 ? [{ letter: 'n', size: batch }, ...axes] : axes;
  const words = dims.map((dim) => takeAxes(left, dim));
  if (dims.length === 0 || left.length > 0 || words.some((word) => word === undefined || /.[ng]|[ng]./.test(word)))
    return undefined;
  const isDealt = (letter: string) => words.some((word) => word!.includes(letter) || (letter === 'c' && word === 'g'));
  const missing = [...(dims.length === 3 ? 'ncw' : 'nchw')].filter((letter) => !isDealt(letter));
  return words.map((word) => word || (missing.shift() ?? ''));
}

/** The axes in front that make up a dimension, taken away; `undefined` where none do. */
function takeAxes(left: Left[], dim: number): string | undefined {
  let word = '';
  for (let rest = dim; rest > 1; ) {
    const next = left.shift();
    if (!next) return undefined;
    const isCut = next.size > rest;
    if (isCut ? next.size % rest !== 0 || !'cg'.includes(next.letter) : rest % next.size !== 0) return undefined;
    if (isCut) left.unshift({ letter: 'g', size: next.size / rest });
    word += isCut ? 'g' : next.letter;
    rest = isCut ? 1 : rest / next.size;
  }
  return word;
}

/** The same values under other dims, in the same order. `undefined` where that would move a value or cut an axis of the map. */
export function withDims(value: Value, dims: readonly number[], batch: number): Value | undefined {
  const order = orderOf(value);
  const sizes = sizesOf(value);
  if (!sizes) {
    const features = value.parts.reduce((n, part) => n + shapeSize(partShape(part)), 0);
    return dims.join() === [batch, features].join() ? { ...value, dims, axes: ['n', order] } : undefined;
  }
  const axes = order.includes('g') ? undefined : dealAxes(dims, order, sizes, batch);
  return axes && { ...value, dims, axes };
}

/** Whether dimension `index` runs over the given axes alone. */
export function runsOver(value: Value, index: number, word: string): boolean {
  const sizes = sizesOf(value);
  const own = value.axes[index];
  return sizes !== undefined && own !== undefined && own !== 'n' && essential(own, sizes) === essential(word, sizes);
}

/** Whether the dimensions are [batch, channels, height, width] or, of maps one high, [batch, channels, width]. */
export function isChannelsFirst(value: Value): boolean {
  const words = value.dims.length === 4 ? ['c', 'h', 'w'] : value.dims.length === 3 ? ['c', 'w'] : undefined;
  const flat = value.dims.length === 4 || sizesOf(value)?.h === 1;
  return value.axes[0] === 'n' && words?.every((word, i) => runsOver(value, i + 1, word)) === true && flat;
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
  const starts = channelStarts(value, order);
  let first = 0;
  return value.parts.map((part) => {
    const { channels, height: h, width: w } = partShape(part);
    const strides = stridesOf(order, { c: order.startsWith('p') ? channels : channelCount(value), h, w });
    const at = new Uint32Array(channels * h * w);
    for (let i = 0; i < at.length; i++) {
      at[i] = starts[first + Math.floor(i / (h * w))] + (Math.floor(i / w) % h) * strides.h + (i % w) * strides.w;
    }
    first += channels;
    return at;
  });
}

/** Where each channel of the parts begins among the features: its whole map behind those before it, or its place among all at each spot. */
function channelStarts(value: Value, order: string): Float64Array {
  const shapes = value.parts.map(partShape);
  const channels = shapes.flatMap(({ channels: count, ...map }) => new Array<typeof map>(count).fill(map));
  const starts = new Float64Array(channels.length);
  if (/^p?c/.test(order)) {
    let start = 0;
    for (const i of starts.keys()) {
      const channel = value.order?.[i] ?? i;
      starts[channel] = start;
      start += channels[channel].height * channels[channel].width;
    }
    return starts;
  }
  const places = new Float64Array(channels.length);
  for (const i of places.keys()) places[value.order?.[i] ?? i] = i;
  if (!order.startsWith('p')) {
    const { height: h, width: w } = shapes[0];
    const { c } = stridesOf(order, { c: channels.length, h, w });
    return places.map((place) => place * c);
  }
  let [first, offset] = [0, 0];
  for (const shape of shapes) {
    const { c } = stridesOf(order, { c: shape.channels, h: shape.height, w: shape.width });
    for (let i = 0; i < shape.channels; i++) starts[first + i] = offset + i * c;
    first += shape.channels;
    offset += shapeSize(shape);
  }
  return starts;
}

/** How far neighbours along each axis are apart. */
function stridesOf(order: string, sizes: Sizes): Record<Letter, number> {
  const strides: Record<Letter, number> = { c: 0, h: 0, w: 0 };
  let stride = 1;
  for (const letter of [...order].reverse() as Letter[]) {
    if (!(letter in sizes)) continue;
    strides[letter] = stride;
    stride *= sizes[letter];
  }
  return strides;
}

/** Which channel an entry of dimension `index` belongs to; 0 where the dimension does not run over channels. */
export function channelAlong(value: Value, index: number): (entry: number) => number {
  const word = value.axes[index];
  const sizes = sizesOf(value);
  if (!sizes || !word.includes('c')) return () => 0;
  const stride = [...word.slice(word.indexOf('c') + 1)].reduce((n, l) => n * sizes[l as Letter], 1);
  return (entry) => Math.floor(entry / stride) % sizes.c;
}
