/** What may follow the logits at the end of a classifier and is left out: Softmax, LogSoftmax, Sigmoid and ArgMax keep the best class. */

import { integerAttribute } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { dataInput } from '../inputs.ts';
import { badShape, cannot, type Lowering, type LowerOperator } from '../lowering.ts';
import { channelCount, type Value } from '../value.ts';

/** Operators that may stand between the logits and an output. */
export const BEHIND_LOGITS: ReadonlySet<string> = new Set([
  ...['ArgMax', 'LogSoftmax', 'Sigmoid', 'Softmax'],
  ...['Cast', 'Dropout', 'Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'],
  ...['DequantizeLinear', 'QuantizeLinear'],
]);

/** Softmax or LogSoftmax over the classes: the order of the classes stays. */
export const lowerSoftmax: LowerOperator = (node, lowering) => {
  const value = dataInput(node, 0, lowering);
  overClasses(node, value, lowering.graph.opset < 13 ? 1 : -1);
  return { ...value, ending: node };
};

/** Sigmoid of each class: the order of the classes stays; of one alone, 0.5 is where the logit is 0. */
export const lowerSigmoid: LowerOperator = (node, lowering) => ({ ...dataInput(node, 0, lowering), ending: node });

/** The best class: chosen here as well, from the logits. */
export const lowerArgMax: LowerOperator = (node, lowering) => {
  const value = dataInput(node, 0, lowering);
  overClasses(node, value, 0);
  return { ...value, ending: node };
};

/** Throws unless the node's axis is that of the classes. */
function overClasses(node: Node, value: Value, fallback: number): void {
  const axis = integerAttribute(node, 'axis', fallback);
  const size = value.dims[axis < 0 ? axis + value.dims.length : axis];
  if (size === undefined) throw badShape(node, `axis ${axis} of ${value.dims.length} dimensions`);
  if (size !== channelCount(value)) throw cannot(node, `axis ${axis}`, 'take it over the classes');
}

/**
 * What a node behind an ending yields: the same, since the best class is what it was. `undefined` for a node that is not behind one, or
 * that is lowered like any other. Throws for an ending whose output is computed with: it is no ending then.
 */
export function passEnding(node: Node, lowering: Lowering): Value | undefined {
  const value = node.inputs.map((name) => lowering.values.get(name)).find((input) => input?.ending);
  if (!value?.ending) return undefined;
  if (!BEHIND_LOGITS.has(node.operator) || lowering.values.get(node.inputs[0] ?? '') !== value) {
    throw cannot(
      value.ending,
      `node "${node.name}" (${node.operator}) reads it; only as the last node can it be left out`,
      remedy(value.ending),
    );
  }
  return value.ending.operator === 'ArgMax' ? value : undefined;
}

const remedy = ({ operator }: Node): string =>
  operator === 'Sigmoid'
    ? 'a smooth activation has no spike rate of its own, nor has a gate; retrain with ReLU or ReLU6'
    : 'attention and gates have no spike rate; leave them out';
