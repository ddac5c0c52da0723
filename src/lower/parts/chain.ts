/** Two linear operators in a row as one. */

import type { AnnTerm, Convolution, Window } from '../../ann/ann.ts';
import { asConvolution, inputChannels, kernelArea } from './terms.ts';

type Operator = AnnTerm['operator'];
type Weights = Float32Array<ArrayBufferLike>;

/** Whether an operator gives zeros outside of its map too, as zero padding takes it to: true where one place alone is read. */
export const isZeroOutside = (operator: Operator): boolean => operator.type === 'identity' || kernelArea(operator.window) === 1;

/** What chaining costs, without doing it. */
export interface ChainSize {
  /** Weights of the one operator. */
  readonly weights: number;
  /** Multiply-adds of working them out. */
  readonly effort: number;
}

/**
 * The operator that does what `second` does to the outputs of `first`. Exact where `second` has no padding, or `first` gives zeros
 * outside of its map.
 * @param middle channels between both
 * @param outputs channels of `second`
 */
export function chainOperators(
  first: Operator,
  second: Convolution<Weights>,
  middle: number,
  outputs: number,
): Convolution<Weights> {
  const before = asConvolution(first);
  const window = chainWindows(before.window, second.window);
  const groups = commonDivisor(before.groups, second.groups);
  const columns = inputChannels(before, middle) / groups;
  const area = kernelArea(window);
  const weights = new Float32Array(outputs * columns * area);
  const row = new Float64Array(columns * area);
  const places = tapPlaces(before.window, second.window, window);
  for (let o = 0; o < outputs; o++) {
    row.fill(0);
    addRow(row, before, second, { o, middle, outputs, from: Math.floor(o / (outputs / groups)) * columns, area, places });
    weights.set(row, o * columns * area);
  }
  return { type: 'convolution', weights, window, groups };
}

/** Size and effort of `chainOperators`. */
export function chainSize(first: Operator, second: Convolution<Weights>, middle: number, outputs: number): ChainSize {
  const before = asConvolution(first);
  const groups = commonDivisor(before.groups, second.groups);
  const area = kernelArea(chainWindows(before.window, second.window));
  return {
    weights: outputs * (inputChannels(before, middle) / groups) * area,
    effort: second.weights.length * (before.weights.length / middle),
  };
}

/** The window of both: kernels widen one another, strides multiply. */
function chainWindows(first: Window, second: Window): Window {
  const both = <T>(make: (axis: 0 | 1) => T): readonly [T, T] => [make(0), make(1)];
  const stretched = both((axis) => first.stride[axis] * second.dilation[axis]);
  const dilation = both((axis) => {
    const own = first.kernel[axis] > 1 ? first.dilation[axis] : 0;
    return commonDivisor(own, second.kernel[axis] > 1 ? stretched[axis] : 0) || 1;
  });
  const kernel = both((axis) => {
    const reach = (first.kernel[axis] - 1) * first.dilation[axis] + (second.kernel[axis] - 1) * stretched[axis];
    return reach / dilation[axis] + 1;
  });
  const pad = (side: 0 | 1 | 2 | 3) => second.pads[side] * first.stride[side % 2] + first.pads[side];
  return {
    kernel,
    stride: both((axis) => first.stride[axis] * second.stride[axis]),
    pads: [pad(0), pad(1), pad(2), pad(3)],
    dilation,
  };
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** For each tap of the second kernel, and in it each of the first, its place in the kernel of both. */
function tapPlaces(first: Window, second: Window, both: Window): Int32Array[] {
  const taps = (window: Window) =>
    Array.from({ length: kernelArea(window) }, (_, t) => [Math.floor(t / window.kernel[1]), t % window.kernel[1]]);
  const along = (axis: 0 | 1, u: number, v: number) =>
    (u * first.dilation[axis] + v * first.stride[axis] * second.dilation[axis]) / both.dilation[axis];
  return taps(second).map((v) => Int32Array.from(taps(first), (u) => along(0, u[0], v[0]) * both.kernel[1] + along(1, u[1], v[1])));
}

interface Row {
  /** The output channel. */
  readonly o: number;
  readonly middle: number;
  readonly outputs: number;
  /** First input channel of the row. */
  readonly from: number;
  readonly area: number;
  readonly places: readonly Int32Array[];
}

/** One output channel's weights: Σ over what lies between of second · first. */
function addRow(row: Float64Array, first: Convolution<Weights>, second: Convolution<Weights>, at: Row): void {
  const { o, middle, outputs, from, area, places } = at;
  const between = middle / second.groups;
  const firstBetween = Math.floor(o / (outputs / second.groups)) * between;
  const taps = kernelArea(first.window);
  const columns = first.weights.length / middle / taps;
  for (let m = 0; m < between; m++) {
    const channel = firstBetween + m;
    const input = Math.floor(channel / (middle / first.groups)) * columns - from;
    places.forEach((place, v) => {
      const weight = second.weights[(o * between + m) * places.length + v];
      if (weight === 0) return;
      for (let i = 0; i < columns; i++) {
        const own = (channel * columns + i) * taps;
        const to = (input + i) * area;
        for (let u = 0; u < taps; u++) row[to + place[u]] += weight * first.weights[own + u];
      }
    });
  }
}
