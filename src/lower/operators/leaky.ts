/** LeakyRelu and PRelu, which let a share of what is negative through. */

import { numberAttribute } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { orderedInput, weightInput } from '../inputs.ts';
import type { Lowering, LowerOperator } from '../lowering.ts';
import { asSum, isNonNegative } from '../parts/layers.ts';
import { withoutPools } from '../parts/maximum.ts';
import { settle } from '../parts/settle.ts';
import { scaleOutputs } from '../parts/terms.ts';
import { channelCount, type Part, partShape, type Value } from '../value.ts';
import { lowerRelu } from './activation.ts';
import { notPerChannel, perChannel, toStored } from './scale.ts';

/** x where it is not negative, else α·x. */
export const lowerLeakyRelu: LowerOperator = (node, lowering) => {
  const value = orderedInput(node, 0, lowering);
  const slopes = new Float64Array(channelCount(value)).fill(numberAttribute(node, 'alpha', 0.01));
  return leak(value, slopes, node, lowering);
};

/** The same with stored slopes, one number or one a channel. */
export const lowerPRelu: LowerOperator = (node, lowering) => {
  const value = orderedInput(node, 0, lowering);
  const slopes = perChannel(weightInput(node, 1, lowering), value, node);
  if (slopes.length !== channelCount(value)) throw notPerChannel(node);
  return leak(value, slopes, node, lowering);
};

/** on − α·off of the twins on = relu(x) and off = relu(−x); with slopes of 0 a ReLU. */
function leak(value: Value, slopes: Float64Array, node: Node, lowering: Lowering) {
  if (slopes.every((slope) => slope === 0)) return lowerRelu(node, lowering);
  const stored = toStored(slopes, value);
  let from = 0;
  const parts = value.parts.map((part): Part => {
    const to = from + partShape(part).channels;
    const own = stored.subarray(from, to);
    from = to;
    return leakPart(part, own, node, lowering);
  });
  return { ...value, parts };
}

function leakPart(part: Part, slopes: Float64Array, node: Node, lowering: Lowering): Part {
  if (part.kind === 'finished' && isNonNegative(part.source, lowering)) return part;
  const sum = withoutPools(asSum(part, node.name), node, lowering);
  const settled = settle({ ...sum, name: node.name }, node, lowering);
  const [on, ...off] = settled.terms;
  return { ...settled, terms: [on, ...off.map(({ source, operator }) => ({ source, operator: scaleOutputs(operator, slopes) }))] };
}
