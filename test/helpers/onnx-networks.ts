/** Small networks around one operator: a convolution with ReLU before it, a linear readout behind it. */

import { type AttributeValue, buildOnnx, type ModelSpec, type NodeSpec, real, type TensorSpec } from './onnx-builder.ts';
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
