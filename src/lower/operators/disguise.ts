/** ReLU under another name: Where(x > 0, x, 0). */

import type { Node } from '../../graph/graph.ts';
import { COMPARED, constantInput, isActivation, storedInput } from '../inputs.ts';
import { cannot, type Lowering, type LowerOperator } from '../lowering.ts';
import type { Value } from '../value.ts';
import { lowerRelu, oneNumber } from './activation.ts';

/** A comparison, by whether its first side is the larger one where it is true. */
const IS_ABOVE: ReadonlyMap<string, boolean> = new Map([
  ['Greater', true],
  ['GreaterOrEqual', true],
  ['Less', false],
  ['LessOrEqual', false],
]);

/** Greater, Less and their like are no activations; Where may read them. */
export const lowerComparison: LowerOperator = (node, lowering) => {
  lowering.comparisons.set(node.outputs[0], node);
  return [];
};

/** Where(x > 0, x, 0), or any other way to say it. */
export const lowerWhere: LowerOperator = (node, lowering) => {
  const comparison = lowering.comparisons.get(node.inputs[0]);
  const chosen = [1, 2].find((index) => isActivation(node, index, lowering)) ?? 0;
  const value = comparison && chosen > 0 ? sideAboveZero(comparison, lowering) : undefined;
  if (
    !value ||
    node.inputs[chosen] !== value.name ||
    numberAt(node, 3 - chosen, value.value, lowering) !== 0 ||
    value.above !== (chosen === 1)
  ) {
    throw cannot(node, 'a choice by values', COMPARED);
  }
  return lowerRelu({ ...node, inputs: [value.name] }, lowering);
};

/** What is compared with 0, and whether the comparison is true where it is above. */
function sideAboveZero(comparison: Node, lowering: Lowering): { name: string; value: Value; above: boolean } | undefined {
  const side = isActivation(comparison, 0, lowering) ? 0 : 1;
  const value = storedInput(comparison, side, lowering);
  if (numberAt(comparison, 1 - side, value, lowering) !== 0) return undefined;
  return { name: comparison.inputs[side], value, above: IS_ABOVE.get(comparison.operator) === (side === 0) };
}

/** The one number at an input, where it is a constant of one. */
const numberAt = (node: Node, index: number, value: Value, lowering: Lowering): number | undefined =>
  isActivation(node, index, lowering) ? undefined : oneNumber(constantInput(node, index, lowering), value);
