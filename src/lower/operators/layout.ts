/** Operators that move no value: Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Identity, Dropout, Cast. */

import { integerAttribute, integersAttribute } from '../../graph/attributes.ts';
import { elementCount, type Node } from '../../graph/graph.ts';
import { constantInput, rawInput, storedInput, withoutBorder } from '../inputs.ts';
import { badShape, cannot, type Lowering, type LowerOperator } from '../lowering.ts';
import { withDims } from '../parts/axes.ts';
import { permuteChannels } from '../parts/channels.ts';
import type { Value } from '../value.ts';

/** Nothing changes. */
export const lowerIdentity: LowerOperator = (node, lowering) => rawInput(node, 0, lowering);

/** Nothing changes in inference; a node fixed in training mode is refused. */
export const lowerDropout: LowerOperator = (node, lowering) => {
  if (constantInput(node, 2, lowering)?.data[0]) throw cannot(node, 'training mode', 'call model.eval() before export');
  return rawInput(node, 0, lowering);
};

/** Real types by ONNX's number: float, float16, double, bfloat16. */
const REAL_TYPES: readonly number[] = [1, 10, 11, 16];

/** A cast from one real type to another; what a narrow one would round is kept. */
export const lowerCast: LowerOperator = (node, lowering) => {
  if (!REAL_TYPES.includes(integerAttribute(node, 'to', 1)))
    throw cannot(node, 'activations cast to another type than float', 'export the model in float32');
  return rawInput(node, 0, lowering);
};

/** [batch, …] → [batch, features]. */
export const lowerFlatten: LowerOperator = (node, lowering) => {
  const value = withoutBorder(storedInput(node, 0, lowering), node, lowering);
  return redim(value, flattenDims(node, value.dims), node, lowering);
};

/** Two dims: what is before the axis, and the rest. */
export function flattenDims(node: Node, dims: readonly number[]): number[] {
  const axis = integerAttribute(node, 'axis', 1);
  const cut = axis < 0 ? axis + dims.length : axis;
  return [elementCount(dims.slice(0, cut)), elementCount(dims.slice(cut))];
}

/** To a vector, to maps of the same size, and back. */
export const lowerReshape: LowerOperator = (node, lowering) => {
  const value = withoutBorder(storedInput(node, 0, lowering), node, lowering);
  const target = constantInput(node, 1, lowering);
  if (!target) throw badShape(node, 'the shape is missing');
  return redim(value, reshapeDims(node, value.dims, Array.from(target.data)), node, lowering);
};

/** Dims that a Reshape asks for: 0 copies (unless allowzero), −1 is what is left. */
export function reshapeDims(node: Node, dims: readonly number[], target: readonly number[]): number[] {
  const copies = integerAttribute(node, 'allowzero', 0) === 0;
  const known = target.map((d, i) => (d === 0 && copies ? (dims[i] ?? 0) : d));
  const size = elementCount(dims);
  const rest = elementCount(known.filter((d) => d !== -1));
  const full = known.map((d) => (d === -1 ? size / rest : d));
  if (known.filter((d) => d === -1).length > 1 || full.some((d) => !Number.isInteger(d) || d < 0) || elementCount(full) !== size) {
    throw badShape(node, `a reshape of ${dims.join('×')} to [${target}]`);
  }
  return full;
}

/** Takes out dims of 1. */
export const lowerSqueeze: LowerOperator = (node, lowering) => {
  const value = withoutBorder(storedInput(node, 0, lowering), node, lowering);
  return redim(value, squeezeDims(node, value.dims, axesOf(node, lowering)), node, lowering);
};

/** Dims without the axes, or without every dim of 1. */
export function squeezeDims(node: Node, dims: readonly number[], axes: readonly number[] | undefined): number[] {
  const out = new Set((axes ?? dims.flatMap((d, i) => (d === 1 ? [i] : []))).map((a) => (a < 0 ? a + dims.length : a)));
  if ([...out].some((a) => dims[a] !== 1)) throw badShape(node, `axes [${axes}] of ${dims.join('×')} are not of size 1`);
  return dims.filter((_, i) => !out.has(i));
}

/** Puts in dims of 1. */
export const lowerUnsqueeze: LowerOperator = (node, lowering) => {
  const value = withoutBorder(storedInput(node, 0, lowering), node, lowering);
  return redim(value, unsqueezeDims(node, value.dims, axesOf(node, lowering) ?? []), node, lowering);
};

/** Dims with a 1 at each axis of the result. */
export function unsqueezeDims(node: Node, dims: readonly number[], axes: readonly number[]): number[] {
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
  if (added.size !== axes.length || rank > 16 || [...added].some((a) => !(a >= 0 && a < rank)))
    throw badShape(node, `axes [${axes}]`);
  const rest = dims.values();
  return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : rest.next().value!));
}

/** Axes as an input (opset 13 and later) or as an attribute. */
export function axesOf(node: Node, lowering: Lowering): readonly number[] | undefined {
  const tensor = constantInput(node, 1, lowering);
  return tensor ? Array.from(tensor.data) : integersAttribute(node, 'axes');
}

/** A new order of axes: the values stay where they are. */
export const lowerTranspose: LowerOperator = (node, lowering) => {
  const value = storedInput(node, 0, lowering);
  const perm = permutation(node, value.dims.length);
  const dims = perm.map((axis) => value.dims[axis]);
  const axes = perm.map((axis) => value.axes[axis]);
  const batch = axes.indexOf('n');
  if (batch > 0 && lowering.batch > 1) throw cannot(node, `axes in the order [${perm}]`, 'leave the batch in front');
  const moved = { ...value, dims, order: permuteChannels(value, perm, node, lowering) };
  return { ...moved, axes: batch > 0 && dims[0] === 1 ? axes.with(batch, axes[0]).with(0, 'n') : axes };
};

/** The order of axes of a Transpose. */
export function permutation(node: Node, rank: number): readonly number[] {
  const order = integersAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (order.length !== rank || new Set(order).size !== rank || order.some((a) => !(a >= 0 && a < rank))) {
    throw badShape(node, `perm [${order}] of ${rank} dimensions`);
  }
  return order;
}

/** The same values under other dims. */
export function redim(value: Value, dims: readonly number[], node: Node, lowering: Lowering): Value {
  const redone = withDims(value, dims, lowering.batch);
  if (redone) return redone;
  const what = `${value.dims.join('×')} as ${dims.join('×')}`;
  throw cannot(node, what, 'only maps and vectors of the same order of values are supported', 'unsupported-shape');
}
