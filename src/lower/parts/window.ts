/** Windows of convolutions and pools, from a node's attributes. */

import { type Shape, type Window, windowOutput } from '../../ann/ann.ts';
import { integerAttribute, integersAttribute, textAttribute } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { badShape, cannot } from '../lowering.ts';
import { type Pads, partShape, type Value } from '../value.ts';

/** What a window's node says, with a border of the Pad node before it already in `pads`. */
export interface WindowReading {
  readonly window: Window;
  /** [height, width] of the output. */
  readonly output: readonly [number, number];
  /** Padding of the node and the border, without the places that `ceil_mode` adds to the window's. */
  readonly pads: Pads;
}

/** Largest kernel, stride, padding or dilation: far above any network's. */
const MAXIMUM = 2 ** 20;

/** What is left of a window may be so many times its map: a window of the map's size that slides over all of it is twice as large. */
const FAR_LARGER = 4;

/**
 * Reads kernel_shape, strides, pads, auto_pad, dilations and ceil_mode for a value of maps, or of maps one high with windows over width
 * alone. `kernel` is the kernel's size where the weights say it.
 * Throws `UnsupportedModelError` for windows over another number of axes, `ModelFormatError` for sizes that are none.
 */
export function readWindow(node: Node, value: Value, kernel?: readonly number[]): WindowReading {
  const input = partShape(value.parts[0]);
  const border = value.pads;
  const own = integersAttribute(node, 'kernel_shape');
  if (kernel && own && kernel.join() !== own.join())
    throw badShape(node, `kernel_shape ${own.join('×')} but weights ${kernel.join('×')}`);
  const axes = value.dims.length - 2;
  const size = pair(node, 'kernel_shape', kernel ?? own, axes);
  const stride = pair(node, 'strides', integersAttribute(node, 'strides'), axes);
  const dilation = pair(node, 'dilations', integersAttribute(node, 'dilations'), axes);
  const padded = { ...input, height: input.height + border[0] + border[2], width: input.width + border[1] + border[3] };
  const pads = readPads(node, padded, { kernel: size, stride, dilation }, axes);
  const all: Pads = [pads[0] + border[0], pads[1] + border[1], pads[2] + border[2], pads[3] + border[3]];
  const window: Window = { kernel: size, stride, pads: all, dilation };
  const ceiling = integerAttribute(node, 'ceil_mode', 0) === 1 ? extend(input, window) : window;
  const output = windowOutput(input, ceiling);
  if (output.some((d) => d <= 0)) throw badShape(node, `the window ${size.join('×')} is larger than its map`);
  return { window: ceiling, output, pads: all };
}

/** One number for each axis of the window as [vertical, horizontal]; 1 each where left out. */
function pair(node: Node, name: string, given: readonly number[] | undefined, axes: number): [number, number] {
  if (!given && name === 'kernel_shape') throw badShape(node, `${name} is missing`);
  const values = given ?? new Array<number>(axes).fill(1);
  if (values.length !== axes)
    throw cannot(node, `${name} has ${values.length} entries`, 'only windows over height and width are supported');
  if (values.some((v) => v < 1 || v > MAXIMUM)) throw badShape(node, `${name} [${values}]`);
  return [values[axes - 2] ?? 1, values[axes - 1]];
}

function readPads(node: Node, input: Shape, { kernel, stride, dilation }: Omit<Window, 'pads'>, axes: number): Pads {
  const mode = textAttribute(node, 'auto_pad', 'NOTSET');
  if (mode === 'VALID') return [0, 0, 0, 0];
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
    const total = ([0, 1] as const).map((axis) => {
      const extent = axis === 0 ? input.height : input.width;
      const reach = (Math.ceil(extent / stride[axis]) - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1;
      return Math.max(0, reach - extent);
    });
    const small = total.map((t) => Math.floor(t / 2));
    const large = total.map((t) => Math.ceil(t / 2));
    return mode === 'SAME_UPPER' ? [small[0], small[1], large[0], large[1]] : [large[0], large[1], small[0], small[1]];
  }
  if (mode !== 'NOTSET' && mode !== '') throw cannot(node, `auto_pad "${mode}"`, 'export with explicit pads');
  const pads = integersAttribute(node, 'pads') ?? new Array<number>(2 * axes).fill(0);
  if (pads.length !== 2 * axes)
    throw cannot(node, `pads has ${pads.length} entries`, 'only windows over height and width are supported');
  if (pads.some((p) => p < 0 || p > MAXIMUM)) throw badShape(node, `pads [${pads}]`);
  return axes === 1 ? [0, pads[0], 0, pads[1]] : [pads[0], pads[1], pads[2], pads[3]];
}

/**
 * ceil_mode as extra padding at the end. A last window that would begin behind the map is left out, as ONNX says; the one window of a
 * map that is a little smaller than it ends behind the map.
 */
function extend(input: Shape, window: Window): Window {
  const { kernel, stride, pads, dilation } = window;
  const extra = ([0, 1] as const).map((axis) => {
    const extent = axis === 0 ? input.height : input.width;
    const span = extent + pads[axis] + pads[axis + 2] - dilation[axis] * (kernel[axis] - 1) - 1;
    if (span <= -stride[axis] || span % stride[axis] === 0) return 0;
    if (span < 0) return -span;
    const begin = Math.ceil(span / stride[axis]) * stride[axis];
    if (begin >= extent + pads[axis]) return 0;
    return stride[axis] - (span % stride[axis]);
  });
  if (extra.every((e) => e === 0)) return window;
  return { ...window, pads: [pads[0], pads[1], pads[2] + extra[0], pads[3] + extra[1]] };
}

/**
 * A pool's window without the places that lie beside the map for every output: the same maxima and sums, whatever the file says.
 * Throws `UnsupportedModelError` where outputs in the padding alone make it far larger than the map all the same.
 */
export function clipWindow(node: Node, window: Window, input: Shape, output: readonly [number, number]): Window {
  const [vertical, horizontal] = ([0, 1] as const).map((axis) =>
    clipAxis(node, window, axis === 0 ? input.height : input.width, output[axis], axis),
  );
  return {
    ...window,
    kernel: [vertical.kernel, horizontal.kernel],
    pads: [vertical.before, horizontal.before, vertical.after, horizontal.after],
  };
}

function clipAxis(node: Node, { kernel, stride, pads, dilation }: Window, extent: number, outputs: number, axis: 0 | 1) {
  const [step, before, after] = [dilation[axis], pads[axis], pads[axis + 2]];
  const furthest = (outputs - 1) * stride[axis];
  // at the front: before the map for the last output too; at the end: behind it for the first one already
  const front = Math.max(0, Math.min(kernel[axis] - 1, Math.ceil((before - furthest) / step), Math.floor(before / step)));
  const left = before - front * step;
  const behind = kernel[axis] - front - 1 - Math.floor((extent - 1 + left) / step);
  const end = Math.max(0, Math.min(kernel[axis] - front - 1, behind, Math.floor(after / step)));
  const size = kernel[axis] - front - end;
  if (size * step > FAR_LARGER * extent + FAR_LARGER) {
    throw cannot(node, `a window of ${size} over ${extent} places`, 'export with a window that fits its map', 'too-large');
  }
  return { kernel: size, before: left, after: after - end * step };
}
