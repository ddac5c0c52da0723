/** Linear operators as data: scaling, densifying, placing and picking channels. Nothing is changed in place. */

import type { AnnTerm, Convolution, Identity, Shape, Window } from '../../ann/ann.ts';

type Operator = AnnTerm['operator'];
type Weights = Float32Array<ArrayBufferLike>;

/** The window of a 1 × 1 convolution. */
export const POINTWISE: Window = { kernel: [1, 1], stride: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] };

/** Whether a window reads just the place it writes to. */
export const isPointwise = ({ kernel, stride, pads }: Window): boolean =>
  kernel[0] === 1 && kernel[1] === 1 && stride[0] === 1 && stride[1] === 1 && pads.every((p) => p === 0);

/** A channel-wise factor of one. */
export const identity = (channels: number): Identity<Weights> => ({
  type: 'identity',
  weights: new Float32Array(channels).fill(1),
});

/** Weights per output channel. */
export const rowLength = (operator: Operator, outputs: number): number => operator.weights.length / outputs;

/** The operator's outputs times one factor each. */
export function scaleOutputs(operator: Operator, factors: ArrayLike<number>): Operator {
  const row = rowLength(operator, factors.length);
  const weights = new Float32Array(operator.weights.length);
  for (let i = 0; i < weights.length; i++) weights[i] = operator.weights[i] * factors[Math.floor(i / row)];
  return { ...operator, weights };
}

/** Channels that an operator reads. */
export const inputChannels = (operator: Operator, outputs: number): number =>
  operator.type === 'identity' ? outputs : (rowLength(operator, outputs) / kernelArea(operator.window)) * operator.groups;

/** Places of a kernel. */
export const kernelArea = ({ kernel }: Window): number => kernel[0] * kernel[1];

/** An operator as a convolution: an identity's is 1 × 1 in groups of one channel. */
export const asConvolution = (operator: Operator): Convolution<Weights> =>
  operator.type === 'convolution'
    ? operator
    : { type: 'convolution', weights: operator.weights, window: POINTWISE, groups: operator.weights.length };

/** The same number at every place of every channel's own window. */
export const depthwise = (channels: number, window: Window, weight: number): Convolution<Weights> => ({
  type: 'convolution',
  weights: new Float32Array(channels * kernelArea(window)).fill(weight),
  window,
  groups: channels,
});

/** Multiply-adds of an operator: every weight once a place. */
export const multiplyAdds = ({ weights }: Operator, { height, width }: Shape): number => weights.length * height * width;

/** The same operator as a convolution without groups: [outputs][inputs][kernel]. */
export function densify(operator: Operator, outputs: number, inputs: number): Convolution<Weights> {
  const window = operator.type === 'identity' ? POINTWISE : operator.window;
  const groups = operator.type === 'identity' ? inputs : operator.groups;
  if (groups === 1) return { type: 'convolution', weights: operator.weights, window, groups: 1 };
  const spot = window.kernel[0] * window.kernel[1];
  const columns = inputs / groups;
  const perGroup = outputs / groups;
  const weights = new Float32Array(outputs * inputs * spot);
  for (let o = 0; o < outputs; o++) {
    const from = o * columns * spot;
    const to = (o * inputs + Math.floor(o / perGroup) * columns) * spot;
    weights.set(operator.weights.subarray(from, from + columns * spot), to);
  }
  return { type: 'convolution', weights, window, groups: 1 };
}

/** Columns (input channels) `from` … `from + count` of a convolution without groups. */
export function takeInputs(dense: Convolution<Weights>, outputs: number, from: number, count: number): Convolution<Weights> {
  const row = rowLength(dense, outputs);
  const spot = dense.window.kernel[0] * dense.window.kernel[1];
  const weights = new Float32Array(outputs * count * spot);
  for (let o = 0; o < outputs; o++) {
    const start = o * row + from * spot;
    weights.set(dense.weights.subarray(start, start + count * spot), o * count * spot);
  }
  return { ...dense, weights };
}

/** Rows (output channels) of a convolution without groups, in a new order; −1 is a row of zeros. */
export function arrangeOutputs(dense: Convolution<Weights>, outputs: number, order: readonly number[]): Convolution<Weights> {
  const row = rowLength(dense, outputs);
  const weights = new Float32Array(order.length * row);
  order.forEach((o, i) => {
    if (o >= 0) weights.set(dense.weights.subarray(o * row, (o + 1) * row), i * row);
  });
  return { ...dense, weights };
}

/** A convolution without groups over inputs in a new order: the old column i reads input order[i]. */
export function arrangeInputs(dense: Convolution<Weights>, outputs: number, order: readonly number[]): Convolution<Float32Array> {
  const spot = dense.window.kernel[0] * dense.window.kernel[1];
  const weights = new Float32Array(dense.weights.length);
  for (let o = 0; o < outputs; o++) {
    order.forEach((input, i) => {
      const from = (o * order.length + i) * spot;
      weights.set(dense.weights.subarray(from, from + spot), (o * order.length + input) * spot);
    });
  }
  return { ...dense, weights };
}
