/** How often a linear sum would be computed again, known before the walk. */

import type { Node } from '../graph/graph.ts';

/** Operators that hand the terms of a linear sum on to whatever reads their output. */
const HAND_ON: ReadonlySet<string> = new Set([
  'Add',
  'BatchNormalization',
  'Cast',
  'Concat',
  'Div',
  'Dropout',
  'Flatten',
  'Gather',
  'Identity',
  'MaxPool',
  'Mean',
  'Mul',
  'Neg',
  'Pad',
  'Reshape',
  'Slice',
  'Split',
  'Squeeze',
  'Sub',
  'Sum',
  'Transpose',
  'Unsqueeze',
]);

/** Operators that only ask for what a tensor is like: a comparison is computed by the Where that reads it. */
const ASK: ReadonlySet<string> = new Set(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Shape']);

/** Where counting ends: a graph that doubles a tensor again and again has more readers than a number holds. */
const MANY = 2 ** 20;

/**
 * For each tensor the layers that would compute it anew: its readers, and those of what hands it on.
 * @param nodes in an order in which each comes behind those that it reads
 */
export function countReaders(nodes: readonly Node[]): Map<string, number> {
  const readers = new Map<string, number>();
  for (const { operator, inputs, outputs } of nodes.toReversed()) {
    if (ASK.has(operator)) continue;
    const count = HAND_ON.has(operator) ? Math.max(1, ...outputs.map((name) => readers.get(name) ?? 0)) : 1;
    for (const name of inputs) readers.set(name, Math.min(MANY, (readers.get(name) ?? 0) + count));
  }
  return readers;
}
