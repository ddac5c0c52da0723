/** Slice and Pad: as strided 1 × 1 convolutions with 0/1 weights, rows of zeros, and borders for the next window. */

import type { AnnTerm, Window } from '../../ann/ann.ts';
import { integersAttribute, numberAttribute, textAttribute } from '../../graph/attributes.ts';
import type { Node, Tensor } from '../../graph/graph.ts';
import { constantInput, paddedInput, storedInput, withoutBorder } from '../inputs.ts';
import { badShape, cannot, checkShape, type Lowering, type LowerOperator, takeRoom } from '../lowering.ts';
import { describe, runsOver } from '../parts/axes.ts';
import { isChannelAxis, takeChannels } from '../parts/channels.ts';
import { asSum } from '../parts/layers.ts';
import { withoutPools } from '../parts/maximum.ts';
import { POINTWISE } from '../parts/terms.ts';
import { channelCount, hasPads, type Pads, type Part, partShape, type Sum, type Value, zeroSum } from '../value.ts';

/** A run of positions along one axis. */
export interface Range {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Strided spatial slices, and slices of channels. */
export const lowerSlice: LowerOperator = (node, lowering) => {
  const value = withoutBorder(storedInput(node, 0, lowering), node, lowering);
  return sliceRanges(node, value.dims, (name, index) => sliceInput(node, name, index, lowering)).reduce<Value>(
    (sliced, range) => sliceValue(sliced, range, node, lowering),
    value,
  );
};

const sliceInput = (node: Node, name: string, index: number, lowering: Lowering): readonly number[] | undefined => {
  const tensor: Tensor | undefined = constantInput(node, index, lowering);
  return tensor ? Array.from(tensor.data) : integersAttribute(node, name);
};

/** The ranges that a Slice takes (inputs from opset 10 on, attributes before), without those that take everything. */
export function sliceRanges(
  node: Node,
  dims: readonly number[],
  read: (name: string, index: number) => readonly number[] | undefined,
): Range[] {
  const starts = read('starts', 1);
  const ends = read('ends', 2);
  const axes = read('axes', 3) ?? starts?.map((_, i) => i);
  const steps = read('steps', 4) ?? starts?.map(() => 1);
  if (!starts || ![ends, axes, steps].every((list) => list?.length === starts.length))
    throw badShape(node, 'starts, ends, axes or steps');
  const ranges = starts.map((from, i): Range => {
    const axis = axes![i] < 0 ? axes![i] + dims.length : axes![i];
    const size = dims[axis];
    const step = steps![i];
    if (size === undefined) throw badShape(node, `axis ${axes![i]} of ${dims.length} dimensions`);
    if (!(step >= 1)) throw cannot(node, `step ${step}`, 'only steps forward are supported');
    const clamp = (at: number) => Math.min(size, Math.max(0, at < 0 ? at + size : at));
    const start = clamp(from);
    return { axis, start, step, count: Math.max(0, Math.ceil((clamp(ends![i]) - start) / step)) };
  });
  return ranges.filter(({ axis, start, step, count }) => start !== 0 || (step !== 1 && dims[axis] > 1) || count !== dims[axis]);
}

/** A value's range along one axis. */
export function sliceValue(value: Value, range: Range, node: Node, lowering: Lowering): Value {
  const { axis, start, step, count } = range;
  if (count === value.dims[axis] && start === 0) return value;
  const channels = isChannelAxis(axis, value);
  if (axis === 0 && !channels) throw cannot(node, 'a slice of the batch', 'a network sees one image at a time');
  if (count === 0) throw badShape(node, 'nothing is left');
  if (channels) {
    const at = Array.from({ length: count }, (_, i) => start + i * step);
    return takeChannels(value, axis, at, node, lowering);
  }
  const along = (['h', 'w'] as const).findIndex((letter) => runsOver(value, axis, letter));
  if (along < 0)
    throw cannot(node, `axis ${axis} of ${describe(value)}`, 'slice maps before they are flattened', 'unsupported-shape');
  const parts = value.parts.map((part) => sliceMap(part, range, along as 0 | 1, node, lowering));
  return { ...value, dims: value.dims.with(axis, count), parts };
}

/** Positions along height or width: a stride, and zeros before the kernel for a start behind the first position. */
export function sliceMap(part: Part, range: Omit<Range, 'axis'>, axis: 0 | 1, node: Node, lowering: Lowering): Sum {
  const sum = withoutPools(asSum(part, node.name), node, lowering);
  const extent = axis === 0 ? sum.shape.height : sum.shape.width;
  const shape = axis === 0 ? { ...sum.shape, height: range.count } : { ...sum.shape, width: range.count };
  const terms = sum.terms.map(({ source, operator }): AnnTerm => {
    const convolution =
      operator.type === 'convolution'
        ? operator
        : ({ type: 'convolution', weights: operator.weights, window: POINTWISE, groups: sum.shape.channels } as const);
    const { window, before, after } = sliceWindow(convolution.window, axis, extent, range, node);
    if (before + after === 0) return { source, operator: { ...convolution, window } };
    const [ky, kx] = convolution.window.kernel;
    const grown = window.kernel;
    takeRoom(lowering, (convolution.weights.length / (ky * kx)) * grown[0] * grown[1], node);
    const weights = growKernel(convolution.weights, [ky, kx], grown, axis === 0 ? [before, 0] : [0, before]);
    return { source, operator: { ...convolution, weights, window } };
  });
  return { ...sum, shape, terms };
}

/** The window whose outputs are the picked ones, and the zeros that its kernel needs before and after for that. */
function sliceWindow(window: Window, axis: 0 | 1, extent: number, { start, step, count }: Omit<Range, 'axis'>, node: Node) {
  const set = <T extends readonly number[]>(list: T, at: number, value: number): T =>
    list.with(at, value) as readonly number[] as T;
  const { kernel, stride, pads, dilation } = window;
  const reach = dilation[axis] * (kernel[axis] - 1) + 1;
  // Size of the padded source that the outputs of the old window see.
  const padded = (extent - 1) * stride[axis] + reach;
  const first = start * stride[axis];
  const last = (start + (count - 1) * step) * stride[axis] + reach;
  const before = Math.max(0, first - pads[axis]);
  const end = pads[axis + 2] - (padded - last);
  const stretched = stride[axis] * step;
  const after = Math.max(0, -end - (stretched - 1));
  if ((before > 0 || after > 0) && dilation[axis] !== 1)
    throw cannot(node, 'a slice of a dilated convolution', 'slice behind the ReLU');
  return {
    before,
    after,
    window: {
      kernel: set(kernel, axis, kernel[axis] + before + after),
      stride: set(stride, axis, stretched),
      pads: set(set(pads, axis, Math.max(0, pads[axis] - first)), axis + 2, Math.max(0, end)),
      dilation,
    } satisfies Window,
  };
}

function growKernel(
  weights: Float32Array,
  [ky, kx]: readonly number[],
  [gy, gx]: readonly number[],
  [top, left]: readonly number[],
) {
  const planes = weights.length / (ky * kx);
  const grown = new Float32Array(planes * gy * gx);
  for (let p = 0; p < planes; p++) {
    for (let y = 0; y < ky; y++) {
      const from = (p * ky + y) * kx;
      grown.set(weights.subarray(from, from + kx), (p * gy + y + top) * gx + left);
    }
  }
  return grown;
}

/** Zeros around a map (kept for the window that follows) and zero channels. */
export const lowerPad: LowerOperator = (node, lowering) => {
  const value = paddedInput(node, 0, lowering);
  const rank = value.dims.length;
  const mode = textAttribute(node, 'mode', 'constant');
  const fill = constantInput(node, 2, lowering)?.data[0] ?? numberAttribute(node, 'value', 0);
  if (mode !== 'constant' || fill !== 0)
    throw cannot(node, mode === 'constant' ? `value ${fill}` : `mode "${mode}"`, 'pad with zeros');
  const { before, after } = padAmounts(node, rank, lowering);
  if (before[0] + after[0] > 0) throw cannot(node, 'padding of the batch', 'a network sees one image at a time');
  const letters = value.axes.map((word, i) => (word.length > 1 && runsOver(value, i, 'c') ? 'c' : word));
  const width = (list: readonly number[], letter: string) => list[letters.indexOf(letter)] ?? 0;
  if (letters.some((letter, i) => before[i] + after[i] > 0 && !['c', 'h', 'w'].includes(letter))) {
    throw cannot(node, `padding of ${describe(value)}`, 'pad maps before they are flattened');
  }
  const [first, last] = [width(before, 'c'), width(after, 'c')];
  if (first + last > 0 && hasPads(value.pads)) throw cannot(node, 'zero channels around a bordered map', 'pad channels before');
  const dims = value.dims.map((d, i) => d + before[i] + after[i]);
  const { channels, ...size } = { ...partShape(value.parts[0]), channels: channelCount(value) };
  const border: Pads = [width(before, 'h'), width(before, 'w'), width(after, 'h'), width(after, 'w')];
  const pads: Pads = [border[0] + value.pads[0], border[1] + value.pads[1], border[2] + value.pads[2], border[3] + value.pads[3]];
  checkShape(
    { channels: channels + first + last, height: size.height + pads[0] + pads[2], width: size.width + pads[1] + pads[3] },
    node,
  );
  takeRoom(lowering, first + last, node);
  const zeros = (count: number) => (count > 0 ? [zeroSum(node.name, { ...size, channels: count })] : []);
  return { ...value, dims, pads, parts: [...zeros(first), ...value.parts, ...zeros(last)] };
};

/** Pads as an input (opset 11 and later, from 18 on with axes) or as an attribute. */
export function padAmounts(node: Node, rank: number, lowering: Lowering): { before: number[]; after: number[] } {
  const tensor = constantInput(node, 1, lowering);
  const pads = tensor ? Array.from(tensor.data) : integersAttribute(node, 'pads');
  const tensorAxes = constantInput(node, 3, lowering);
  const axes = tensorAxes ? Array.from(tensorAxes.data, (a) => (a < 0 ? a + rank : a)) : Array.from({ length: rank }, (_, i) => i);
  if (pads?.length !== 2 * axes.length || axes.some((a) => !(a >= 0 && a < rank))) {
    throw badShape(node, `pads [${pads}] for ${rank} dimensions`);
  }
  if (pads.some((p) => p < 0)) throw cannot(node, 'negative padding', 'crop with Slice');
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    before[axis] = pads[i];
    after[axis] = pads[i + axes.length];
  });
  return { before, after };
}
