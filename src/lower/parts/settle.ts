/** Layers that stand for a sum without ReLU: one where it cannot be negative, else twins (specification, section 5). */

import type { AnnTerm } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { type Lowering, takeRoom } from '../lowering.ts';
import type { Sum, Value } from '../value.ts';
import { addNeurons, asSum, isNonNegative } from './layers.ts';
import { identity, multiplyAdds, scaleOutputs } from './terms.ts';

/** Whether no weight, no bias and no source of a sum is below zero, so that a ReLU changes nothing. */
export const isNonNegativeSum = (sum: Sum, lowering: Lowering): boolean =>
  sum.bias.every((b) => b >= 0) &&
  sum.terms.every(({ source, operator }) => isNonNegative(source, lowering) && operator.weights.every((w) => w >= 0));

/** Layers that `settle` makes of a sum. */
export const layersOf = (sum: Sum, lowering: Lowering): 1 | 2 => (isNonNegativeSum(sum, lowering) ? 1 : 2);

/** Multiply-adds of a sum, before its pools. */
export const sumCost = ({ terms, shape }: Sum): number =>
  terms.reduce((all, { operator }) => all + multiplyAdds(operator, shape), 0);

/**
 * The same sum (without pools) over layers of its own: relu(x), or the twins relu(x) and relu(−x), x = on − off. Made once a sum.
 */
export function settle(sum: Sum, node: Node, lowering: Lowering): Sum {
  const known = lowering.settled.get(sum);
  if (known) return known;
  const on = addNeurons(sum, sum.name, Number.POSITIVE_INFINITY, lowering);
  const settled = layersOf(sum, lowering) === 1 ? asSum(on, sum.name) : withOff(asSum(on, sum.name), sum, node, lowering);
  lowering.settled.set(sum, settled).set(settled, settled);
  return settled;
}

function withOff(on: Sum, sum: Sum, node: Node, lowering: Lowering): Sum {
  const { channels } = sum.shape;
  for (const { operator } of sum.terms) takeRoom(lowering, operator.weights.length, node);
  const less = new Float32Array(channels).fill(-1);
  const terms = sum.terms.map(({ source, operator }): AnnTerm => ({ source, operator: scaleOutputs(operator, less) }));
  const negative = { ...sum, terms, bias: sum.bias.map((b) => -b) };
  const off = addNeurons(negative, `${sum.name}/off`, Number.POSITIVE_INFINITY, lowering);
  return { ...on, terms: [...on.terms, { source: off.source, operator: { ...identity(channels), weights: less } }] };
}

/**
 * A node's output of a name with those of its sums settled that would be computed again by so many readers that layers of their own cost fewer
 * multiply-adds.
 */
export function settleShared(value: Value, name: string, node: Node, lowering: Lowering): Value {
  const readers = lowering.readers.get(name) ?? 1;
  if (readers < 2) return value;
  const parts = value.parts.map((part) => {
    if (part.kind === 'finished' || part.pools.length > 0) return part;
    const { channels, height, width } = part.shape;
    const again = readers * sumCost(part);
    const once = layersOf(part, lowering) * (sumCost(part) + readers * channels * height * width);
    return again > once ? settle(part, node, lowering) : part;
  });
  return { ...value, parts };
}
