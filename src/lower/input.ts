/** How a file's input lies: in which layout, and which of its numbers are one image's channels, rows and columns. */

import { type AnnTerm, INPUT, type Layout, type Preprocessing, type Shape, shapeSize } from '../ann/ann.ts';
import { elementCount, type Node } from '../graph/graph.ts';
import { withBranches } from './branch.ts';
import { constantInput } from './inputs.ts';
import type { Lowering } from './lowering.ts';
import { padAmounts } from './operators/crop.ts';
import { axesOf, flattenDims, permutation, reshapeDims, squeezeDims, unsqueezeDims } from './operators/layout.ts';
import { dealAxes } from './parts/axes.ts';
import { asSum } from './parts/layers.ts';
import type { Value } from './value.ts';

/** What the network's input is to the rest, and how the file's values run over its axes. */
interface Reading {
  readonly shape: Shape;
  readonly layout: Layout;
  /** Axes in the order of the file's values, slowest first: "hwc" has the channels last. */
  readonly order: string;
}

export interface InputReading extends Reading {
  /** The last tensor before anything but moving, scaling and shifting is done to the image. */
  readonly pixels: string;
}

/** Part of the file's input along one dimension: `size` values, `stride` apart. */
interface Run {
  readonly size: number;
  readonly stride: number;
}

/** A tensor that holds the input's values: dims (with a border, where one was put around), and the runs of each. */
interface View {
  readonly dims: readonly number[];
  readonly runs: readonly (readonly Run[])[];
}

/** Operators that read [batch, channels, height, width] (or, of three dimensions, [batch, channels, width]). */
const READ_MAPS = new Set('Conv MaxPool AveragePool GlobalMaxPool GlobalAveragePool BatchNormalization'.split(' '));
/** Operators that only scale and shift, and those that keep each value's place otherwise. */
const AFFINE = new Set('Identity Dropout Cast Add Sub Mul Div BatchNormalization'.split(' '));
const IN_PLACE = new Set([
  'Identity',
  'Dropout',
  'Cast',
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Relu',
  'Clip',
  'Min',
  'Max',
  'Neg',
  'LeakyRelu',
  'PRelu',
  'QuantizeLinear',
  'DequantizeLinear',
]);
/** Operators that move no value. */
const REDIM = new Set('Transpose Reshape Flatten Squeeze Unsqueeze'.split(' '));
/** Numbers of channels that images have. */
const CHANNELS = [1, 3, 4];

/**
 * Follows the image from the file's input through nodes that only move it, to the first that says what is channels, height and width. Where
 * none does, the dims tell: images have 1, 3 or 4 channels.
 * @param fold makes a node's constant, given the dims of its input where that is the image
 */
export function readInput(
  nodes: readonly Node[],
  output: string,
  lowering: Lowering,
  fold: (node: Node, dims?: readonly number[]) => void,
): InputReading {
  const { name, dims } = lowering.graph.input;
  const pixels = lastPixels(nodes, name, output);
  const views = new Map<string, View>([[name, wholeView(dims)]]);
  for (const node of withBranches(nodes, lowering)) {
    const view = views.get(node.inputs.find((input) => views.has(input)) ?? '');
    const isConstant = node.inputs.every((input) => input === '' || lowering.constants.has(input));
    if (isConstant || (view && node.operator === 'Shape')) fold(node, view?.dims);
    else if (view) {
      const next = follow(node, view, lowering);
      if (!next) return { ...(readAs(node, view, lowering, dims) ?? guess(dims)), pixels };
      views.set(node.outputs[0], next);
    }
  }
  return { ...guess(dims), pixels };
}

function wholeView(dims: readonly number[]): View {
  const runs = dims.map((size, i) => (i === 0 || size === 1 ? [] : [{ size, stride: elementCount(dims.slice(i + 1)) }]));
  return { dims, runs };
}

/** What a node makes of the image where it only moves it. */
function follow(node: Node, view: View, lowering: Lowering): View | undefined {
  const { dims, runs } = view;
  if (IN_PLACE.has(node.operator)) return view;
  if (node.operator === 'Transpose') {
    const order = permutation(node, dims.length);
    return { dims: order.map((axis) => dims[axis]), runs: order.map((axis) => runs[axis]) };
  }
  if (node.operator === 'Pad') {
    const { before, after } = padAmounts(node, dims.length, lowering);
    return { dims: dims.map((d, i) => d + before[i] + after[i]), runs };
  }
  return REDIM.has(node.operator) ? dealRuns(view, redimmed(node, dims, lowering)) : undefined;
}

/** Dims behind a Reshape, Flatten, Squeeze or Unsqueeze. */
function redimmed(node: Node, dims: readonly number[], lowering: Lowering): readonly number[] {
  if (node.operator === 'Flatten') return flattenDims(node, dims);
  if (node.operator === 'Reshape') return reshapeDims(node, dims, Array.from(constantInput(node, 1, lowering)?.data ?? []));
  const axes = axesOf(node, lowering);
  return node.operator === 'Squeeze' ? squeezeDims(node, dims, axes) : unsqueezeDims(node, dims, axes ?? []);
}

/** The same values under other dims: runs are cut where they must be, and put together again where they can. */
function dealRuns({ runs }: View, dims: readonly number[]): View | undefined {
  const left = runs.flat();
  const dealt = dims.map((dim, i): Run[] => {
    const own: Run[] = [];
    for (let rest = i === 0 ? 1 : dim; rest > 1 && left.length > 0; ) {
      const { size, stride } = left.shift()!;
      const taken = Math.min(size, rest);
      if (size % taken !== 0 || rest % taken !== 0) return [];
      if (taken < size) left.unshift({ size: size / taken, stride });
      own.push({ size: taken, stride: (stride * size) / taken });
      rest /= taken;
    }
    return merge(own);
  });
  const fits = dealt.every((own, i) => i === 0 || own.reduce((n, { size }) => n * size, 1) === dims[i]);
  return fits && left.length === 0 ? { dims, runs: dealt } : undefined;
}

/** Runs that lie one inside another as one. */
function merge(runs: readonly Run[]): Run[] {
  const merged: Run[] = [];
  for (const run of runs) {
    const before = merged.at(-1);
    if (before?.stride !== run.size * run.stride) merged.push(run);
    else merged[merged.length - 1] = { size: before.size * run.size, stride: run.stride };
  }
  return merged;
}

/** What the first reader takes for channels, height and width; nothing where it does not say, or where an axis is in pieces. */
function readAs(node: Node, { runs }: View, lowering: Lowering, dims: readonly number[]): Reading | undefined {
  const letters = readerAxes(node, runs.length, lowering);
  if (!letters || runs.some((own) => own.length > 1)) return undefined;
  const axes = runs.slice(1).map(([run], i) => ({ letter: letters[i], size: run?.size ?? 1, stride: run?.stride ?? 0 }));
  const size = (letter: string) => axes.find((axis) => axis.letter === letter)?.size ?? 1;
  const shape = { channels: size('c'), height: size('h'), width: size('w') };
  const order = axes
    .filter((axis) => axis.size > 1)
    .sort((a, b) => b.stride - a.stride)
    .map(({ letter }) => letter)
    .join('');
  const layout = layoutOf(order);
  if (!layout || shapeSize(shape) !== elementCount(dims.slice(1))) return undefined;
  return dealAxes(dims, order, { c: shape.channels, h: shape.height, w: shape.width }, dims[0]) && { shape, layout, order };
}

/** The axes that a reader takes its input's dimensions for, the batch aside. */
function readerAxes(node: Node, rank: number, lowering: Lowering): string | undefined {
  const first = rank === 4 ? 'chw' : rank === 3 ? 'cw' : undefined;
  if (READ_MAPS.has(node.operator)) return first;
  if (rank !== 4 || !node.operator.startsWith('Reduce')) return undefined;
  const axes = axesOf(node, lowering)?.map((axis) => (axis < 0 ? axis + rank : axis));
  return axes?.includes(1) ? 'hwc' : first;
}

/** The layout of values in this order of axes. */
function layoutOf(order: string): Layout | undefined {
  if ('chw'.includes(order) || order === 'cw') return 'nchw';
  return 'hwc'.includes(order) ? 'nhwc' : undefined;
}

/** What the dims alone tell. */
function guess(dims: readonly number[]): Reading {
  const [, a, b = 1, c = 1] = dims;
  if (dims.length === 4 && CHANNELS.includes(c) && !CHANNELS.includes(a))
    return { shape: { channels: c, height: a, width: b }, layout: c > 1 ? 'nhwc' : 'nchw', order: 'hwc' };
  if (dims.length === 3 && a > 1 && b > 1) return { shape: { channels: 1, height: a, width: b }, layout: 'nchw', order: 'hw' };
  if (dims.length === 3) return { shape: { channels: a * b, height: 1, width: 1 }, layout: 'nchw', order: 'c' };
  return { shape: { channels: a, height: b, width: c }, layout: 'nchw', order: 'chw' };
}

/** The last of the tensors that all that reads the image reads it through, each the one before moved, scaled and shifted. */
function lastPixels(nodes: readonly Node[], input: string, output: string): string {
  const readersOf = new Map<string, Node[]>();
  for (const node of nodes) {
    if (node.operator === 'Shape') continue;
    for (const name of new Set(node.inputs)) {
      const readers = readersOf.get(name);
      if (readers) readers.push(node);
      else readersOf.set(name, [node]);
    }
  }
  let pixels = input;
  for (;;) {
    const readers = readersOf.get(pixels) ?? [];
    const [{ operator = '', outputs = [] } = {}] = readers;
    if (readers.length !== 1 || pixels === output || !(AFFINE.has(operator) || REDIM.has(operator))) return pixels;
    pixels = outputs[0];
  }
}

/** Mean and standard deviation beyond which x is not of pixels / 255. */
const MOST_OF_UNIT = 1.5;

/**
 * The image behind its normalisation in the graph as the network's input, and what that does to pixels; a mean image stays in the network.
 * Nothing where it is none: where a factor is not above 0 or a mean is no value of a pixel.
 */
export function takeOutPreprocessing(
  value: Value,
  bytes: boolean,
  lowering: Lowering,
): { readonly value: Value; readonly preprocessing: Preprocessing } | undefined {
  const [part] = value.parts;
  if (part.kind === 'finished') {
    if (!bytes) return undefined;
    const each = (x: number) => new Array<number>(part.shape.channels).fill(x);
    return { value, preprocessing: { scale: each(1), shift: each(0), white: 255 } };
  }
  const [term, ...maps] = part.terms;
  const affine = value.parts.length === 1 && part.pools.length === 0 && term?.operator.type === 'identity';
  const ownMaps = maps.every(({ source }) => source !== INPUT && [...lowering.ones.values()].includes(source));
  if (!affine || !ownMaps || term.source !== INPUT || !term.operator.weights.every((w) => w > 0)) return undefined;
  const scale = Array.from(term.operator.weights);
  const shift = Array.from(part.bias);
  const means = shift.map((s, c) => (largestOf(maps, c, shift.length) - s) / scale[c]);
  const white = bytes || scale.some((s, c) => Math.max(means[c], 1 / s) > MOST_OF_UNIT) ? 255 : 1;
  if (!means.every((m) => m >= 0 && m <= white)) return undefined;
  const input = { kind: 'finished', source: INPUT, shape: part.shape } as const;
  const kept =
    maps.length === 0 ? input : { ...part, ...asSum(input, part.name), terms: [...asSum(input, part.name).terms, ...maps] };
  return { value: { ...value, parts: [kept] }, preprocessing: { scale, shift, white } };
}

/** What a mean image takes from a channel at most. */
const largestOf = (maps: readonly AnnTerm[], c: number, channels: number): number =>
  maps.reduce((most, { operator: { weights } }) => {
    const row = weights.length / channels;
    return weights.subarray(c * row, (c + 1) * row).reduce((m, w) => Math.max(m, -w), most);
  }, 0);
