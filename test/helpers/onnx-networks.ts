/** Small networks around one operator: a convolution with ReLU before it, a linear readout behind it. */

import { type AttributeValue, buildOnnx, type ModelSpec, type NodeSpec, real, type TensorSpec, whole } from './onnx-builder.ts';
import { randomNumbers } from './onnx-compare.ts';

/** Random weights, the same in every run. */
let seed = 100;
export const random = (...dims: number[]) =>
  real(
    dims,
    randomNumbers(
      dims.reduce((a, b) => a * b, 1),
      seed++,
    ),
  );
export const positive = (n: number) =>
  real(
    [n],
    randomNumbers(n, seed++).map((v) => 0.6 + v / 2),
  );

/** A node with the operator's name. */
export const node = (op: string, inputs: string[], out: string, attributes?: Record<string, AttributeValue>): NodeSpec => ({
  op,
  in: inputs,
  out: [out],
  name: `${op}:${out}`,
  ...(attributes && { attributes }),
});

/** Transposes to the channels last and back. */
export const channelsLast = (from: string, to: string) => node('Transpose', [from], to, { perm: [0, 2, 3, 1] });
export const channelsFirst = (from: string, to: string) => node('Transpose', [from], to, { perm: [0, 3, 1, 2] });

/** conv → ReLU from "x" (3 × 8 × 8) to "a" (4 × 8 × 8), and from "z" to logits. */
export const stem = [node('Conv', ['x', 'w0', 'b0'], 'c0', { pads: [1, 1, 1, 1] }), node('Relu', ['c0'], 'a')];
export const stemTensors = () => ({ w0: random(4, 3, 3, 3), b0: random(4) });
export const head = (features: number, from = 'z') => ({
  nodes: [node('Flatten', [from], 'f'), node('Gemm', ['f', 'wf', 'bf'], 'y', { transB: 1 })],
  tensors: { wf: random(5, features), bf: random(5) },
});

/** Stem, the nodes from "a" to "z", and a linear readout of `features` values. */
export function between(
  features: number,
  nodes: NodeSpec[],
  tensors: Record<string, TensorSpec> = {},
  more: Partial<ModelSpec> = {},
) {
  const end = head(features);
  return buildOnnx({
    nodes: [...stem, ...nodes, ...end.nodes],
    tensors: { ...stemTensors(), ...end.tensors, ...tensors },
    ...more,
  });
}

export const conv = (attributes: Record<string, AttributeValue>) => [
  node('Conv', ['a', 'w', 'b'], 'c', attributes),
  node('Relu', ['c'], 'z'),
];
export const weights = (...dims: number[]) => ({ w: random(...dims), b: random(dims[0]) });
export const relu = (from: string, to = 'z') => node('Relu', [from], to);
export const floats = (data: number[], dims: number[] = []) => real(dims, data);
export const bn = (channels: number) => ({
  s: positive(channels),
  o: random(channels),
  m: random(channels),
  v: positive(channels),
});

/** A network that most operators have a part in, of few bytes, so that a flipped bit often hits structure. */
export function manyOperators(): Uint8Array {
  const { s: s1, ...norm } = bn(8);
  return between(
    3 * 4,
    [
      node('Slice', ['a', 's', 'e', 'ax', 'st'], 'q'),
      node('Pad', ['q', 'p'], 'sc'),
      node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1], strides: [2, 2], group: 2 }),
      node('BatchNormalization', ['c', 's1', 'o', 'm', 'v'], 'n'),
      node('Add', ['n', 'sc'], 'sum'),
      relu('sum', 'r'),
      node('Concat', ['r', 'q'], 'k', { axis: 1 }),
      node('Relu', ['k'], 'l'),
      node('MaxPool', ['l'], 'mp', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
      node('Clip', ['mp', 'lo', 'hi'], 'cl'),
      node('Shape', ['cl'], 'shape'),
      node('Gather', ['shape', 'zero'], 'batch'),
      node('Unsqueeze', ['batch', 'zero1'], 'batch1'),
      node('Concat', ['batch1', 'rest'], 'to', { axis: 0 }),
      node('Reshape', ['cl', 'to'], 'flat'),
      node('Gemm', ['flat', 'w3'], 'h', { transB: 1 }),
      relu('h'),
    ],
    {
      ...{ s: whole([0, 0]), e: whole([99, 99]), ax: whole([2, 3]), st: whole([2, 2]), p: whole([0, 2, 0, 0, 0, 2, 0, 0]) },
      ...{ ...weights(8, 2, 3, 3), s1, ...norm, lo: floats([0]), hi: floats([2]), zero: whole([0], []), zero1: whole([0]) },
      ...{ rest: whole([-1]), w3: weights(12, 12 * 4).w },
    },
  );
}
