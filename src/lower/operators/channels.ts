/** Split and Gather: ranges and lists of channels, ranges of rows and columns. */

import { integerAttribute, integersAttribute } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { constantInput, storedInput, withoutBorder } from '../inputs.ts';
import { badShape, cannot, type LowerOperator } from '../lowering.ts';
import { isChannelAxis, takeChannels } from '../parts/channels.ts';
import { sliceValue } from './crop.ts';
import { redim } from './layout.ts';

/** Ranges along one axis, one for each output: of given sizes, or of equal ones. */
export const lowerSplit: LowerOperator = (node, lowering) => {
  const value = withoutBorder(storedInput(node, 0, lowering), node, lowering);
  const axis = axisOf(node, value.dims.length);
  const tensor = constantInput(node, 1, lowering);
  const given = tensor ? Array.from(tensor.data) : integersAttribute(node, 'split');
  const size = Math.ceil(value.dims[axis] / node.outputs.length);
  const sizes = given ?? node.outputs.map((_, i) => Math.min(size, value.dims[axis] - i * size));
  if (sizes.some((d) => !(d > 0)) || sizes.length < node.outputs.length || sizes.reduce((a, b) => a + b, 0) !== value.dims[axis]) {
    throw badShape(node, `a split of ${value.dims[axis]} into [${sizes}]`);
  }
  let start = 0;
  return sizes.map((count) => {
    const part = sliceValue(value, { axis, start, step: 1, count }, node, lowering);
    start += count;
    return part;
  });
};

/** Entries at stored indices: channels in any order, or a range of a map's rows or columns. */
export const lowerGather: LowerOperator = (node, lowering) => {
  const value = withoutBorder(storedInput(node, 0, lowering), node, lowering);
  const axis = axisOf(node, value.dims.length);
  const size = value.dims[axis];
  const indices = constantInput(node, 1, lowering);
  const at = Array.from(indices?.data ?? [], (i) => (i < 0 ? i + size : i));
  if (!indices || at.length === 0 || at.some((i) => !(Number.isInteger(i) && i >= 0 && i < size))) {
    throw badShape(node, `indices [${at.slice(0, 16)}] of ${size} entries`);
  }
  const gathered = isChannelAxis(axis, value)
    ? takeChannels(value, axis, at, node, lowering)
    : sliceValue(value, rangeOf(at, axis, node), node, lowering);
  return redim(gathered, [...value.dims.slice(0, axis), ...indices.dims, ...value.dims.slice(axis + 1)], node, lowering);
};

function axisOf(node: Node, rank: number): number {
  const axis = integerAttribute(node, 'axis', 0);
  const at = axis < 0 ? axis + rank : axis;
  if (!(at >= 0 && at < rank)) throw badShape(node, `axis ${axis} of ${rank} dimensions`);
  return at;
}

function rangeOf(at: readonly number[], axis: number, node: Node) {
  const step = at.length > 1 ? at[1] - at[0] : 1;
  if (step < 1 || at.some((index, i) => index !== at[0] + i * step)) {
    throw cannot(node, `indices [${at.slice(0, 16)}] along axis ${axis}`, 'only channels can be taken in any order');
  }
  return { axis, start: at[0], step, count: at.length };
}
