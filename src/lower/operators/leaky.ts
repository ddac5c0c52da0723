/** LeakyRelu and PRelu, which let a share of what is negative through, and ReLU written as a comparison. */

import { numberAttribute } from '../../graph/attributes.ts';
import type { Node, Tensor } from '../../graph/graph.ts';
import { constantInput, dataInput, isActivation, paddedInput, weightInput } from '../inputs.ts';
import { cannot, type Lowering, type LowerOperator, plainValue } from '../lowering.ts';
import { asSum, isNonNegative } from '../parts/layers.ts';
import { withoutPools } from '../parts/maximum.ts';
import { settle } from '../parts/settle.ts';
import { scaleOutputs } from '../parts/terms.ts';
import { channelCount, type Part, partShape, type Value } from '../value.ts';
import { lowerRelu } from './activation.ts';
import { perChannel } from './scale.ts';

/** x where it is not negative, else α·x. */
export const lowerLeakyRelu: LowerOperator = (node, lowering) => {
  const value = dataInput(node, 0, lowering);
  const slopes = new Float64Array(channelCount(value)).fill(numberAttribute(node, 'alpha', 0.01));
  return leak(value, slopes, node, lowering);
};

/** The same with stored slopes, one number or one a channel. */
export const lowerPRelu: LowerOperator = (node, lowering) => {
  const value = dataInput(node, 0, lowering);
  return leak(value, perChannel(weightInput(node, 1, lowering), value, node), node, lowering);
};

/** on − α·off of the twins on = relu(x) and off = relu(−x); with slopes of 0 a ReLU. */
function leak(value: Value, slopes: Float64Array, node: Node, lowering: Lowering): Value {
  if (slopes.every((slope) => slope === 0)) return lowerRelu(node, lowering);
  let from = 0;
  const parts = value.parts.map((part): Part => {
    const to = from + partShape(part).channels;
    const own = slopes.subarray(from, to);
    from = to;
    return leakPart(part, own, node, lowering);
  });
  return plainValue(value.dims, parts);
}

function leakPart(part: Part, slopes: Float64Array, node: Node, lowering: Lowering): Part {
  if (part.kind === 'finished' && isNonNegative(part.source, lowering)) return part;
  const sum = withoutPools(asSum(part, node.name), node, lowering);
  const settled = settle({ ...sum, name: node.name }, node, lowering);
  const [on, ...off] = settled.terms;
  return { ...settled, terms: [on, ...off.map(({ source, operator }) => ({ source, operator: scaleOutputs(operator, slopes) }))] };
}

/** x > 0 and x ≥ 0, which only Where may read. */
export const lowerGreater: LowerOperator = (node, lowering) => compare(node, 0, lowering);

/** 0 < x and 0 ≤ x, which only Where may read. */
export const lowerLess: LowerOperator = (node, lowering) => compare(node, 1, lowering);

function compare(node: Node, index: 0 | 1, lowering: Lowering): Value {
  if (!isActivation(node, index, lowering) || !isZeros(constantInput(node, 1 - index, lowering))) {
    throw cannot(node, 'a comparison other than x > 0', 'only Where(x > 0, x, 0) has a counterpart');
  }
  const value = paddedInput(node, index, lowering);
  lowering.masks.set(node.outputs[0], node.inputs[index]);
  return value;
}

/** Where(x > 0, x, 0) is ReLU. */
export const lowerWhere: LowerOperator = (node, lowering) => {
  const [mask, kept] = node.inputs;
  if (lowering.masks.get(mask) !== kept || isActivation(node, 2, lowering) || !isZeros(constantInput(node, 2, lowering))) {
    throw cannot(node, 'a choice other than Where(x > 0, x, 0)', 'write it as Relu');
  }
  return lowerRelu({ ...node, inputs: [kept] }, lowering);
};

const isZeros = (tensor: Tensor | undefined): boolean => tensor?.data.every((x: number) => x === 0) ?? false;
