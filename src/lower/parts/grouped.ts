/** Convolutions over channels in another order, and convolutions in groups over several parts, none of which grows for that. */

import type { Convolution, Shape } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { type Lowering, plainValue, takeRoom } from '../lowering.ts';
import { channelCount, partShape, type Sum, type Value } from '../value.ts';
import { mapDims } from './axes.ts';
import { convolvePart } from './compose.ts';
import { settleOrder } from './pick.ts';
import { arrangeInputs, densify, rowLength } from './terms.ts';

type Kernels = Convolution<Float32Array>;

/** A value in the order of its parts, and the convolution that reads it so. */
export function inPartsOrder(value: Value, operator: Kernels, outputs: number, node: Node, lowering: Lowering) {
  if (!value.order) return { value, operator };
  const [part] = value.parts;
  // In groups over one layer, that layer's rows are moved; else the columns of the weights.
  if (operator.groups > 1 && value.parts.length === 1 && part.kind === 'finished') {
    return { value: settleOrder(value, node, lowering), operator };
  }
  takeRoom(lowering, operator.weights.length * operator.groups, node);
  const columns = arrangeInputs(densify(operator, outputs, value.order.length), outputs, value.order);
  return { value: { ...value, order: undefined }, operator: columns };
}

/** Whether every part of a value has whole groups of its own. */
export function isApart({ parts, order }: Value, groups: number): boolean {
  if (groups === 1 || (parts.length === 1 && !order)) return false;
  const perGroup = channelCount({ parts }) / groups;
  return order ? perGroup === 1 : parts.every((part) => partShape(part).channels % perGroup === 0);
}

/** A convolution in groups for each part by itself: the same order, as many parts. `bias` has one number an output, in the tensor's order. */
export function convolveApart(
  value: Value,
  operator: Kernels,
  bias: Float64Array,
  map: Shape,
  node: Node,
  lowering: Lowering,
): Value {
  const { parts, order } = value;
  const { groups } = operator;
  const perGroup = { inputs: channelCount({ parts }) / groups, outputs: bias.length / groups };
  const outputs = order?.flatMap((at) => Array.from({ length: perGroup.outputs }, (_, i) => at * perGroup.outputs + i));
  const row = rowLength(operator, bias.length);
  takeRoom(lowering, operator.weights.length, node);
  const weights = new Float32Array(operator.weights.length);
  const offsets = new Float64Array(bias.length);
  for (let o = 0; o < bias.length; o++) {
    const to = outputs?.[o] ?? o;
    weights.set(operator.weights.subarray(o * row, (o + 1) * row), to * row);
    offsets[to] = bias[o];
  }
  let from = 0;
  const sums = parts.map((part, k): Sum => {
    const count = partShape(part).channels / perGroup.inputs;
    const [start, end] = [from * perGroup.outputs, (from + count) * perGroup.outputs];
    from += count;
    const own = { ...operator, weights: weights.subarray(start * row, end * row), groups: count };
    const { terms, bias: through } = convolvePart(part, own, end - start, node, lowering);
    const shape = { ...map, channels: end - start };
    const name = parts.length > 1 ? `${node.name}:${k}` : node.name;
    return { kind: 'sum', name, shape, terms, bias: through.map((b, o) => b + offsets[start + o]), pools: [] };
  });
  return { ...plainValue(mapDims(value, map), sums), order: outputs };
}
