/** Which of a graph's outputs is the classifier's. */

import { UnsupportedModelError } from '../errors.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { BEHIND_LOGITS } from './operators/ending.ts';

/** Outputs among which one is looked for; more than any classifier has. */
const MAXIMUM_OUTPUTS = 16;

/**
 * The output of the wanted name; without one, the output of the logits: those that all outputs, or all that the others do not depend
 * on, are made from. Throws `UnsupportedModelError` for another name, and where several outputs are logits of their own.
 */
export function chooseOutput(graph: Graph, wanted?: string): string {
  const { outputs } = graph;
  const names = outputs.slice(0, MAXIMUM_OUTPUTS).map((name) => `"${name}"`);
  const choice = 'name the one of the logits: option output, --output NAME';
  if (wanted !== undefined) {
    if (outputs.includes(wanted)) return wanted;
    throw new UnsupportedModelError('several-outputs', `output "${wanted}"`, `the outputs are ${names.join(', ')}`, choice);
  }
  if (outputs.length === 1) return outputs[0];
  if (outputs.length <= MAXIMUM_OUTPUTS) {
    const makers = makersOf(graph);
    const logits = new Map(outputs.map((name) => [logitsBefore(name, makers), name] as const).toReversed());
    const inner = new Set([...logits.keys()].flatMap((end) => [...sourcesOf(end, makers)]));
    const ends = [...logits].filter(([end]) => !inner.has(end));
    if (ends.length === 1) return ends[0][1];
  }
  throw new UnsupportedModelError('several-outputs', `graph "${graph.name}"`, `several outputs: ${names.join(', ')}`, choice);
}

/** Tensors behind the logits that an output shows, itself included where it is one. */
export const behindLogits = (graph: Graph, output: string): ReadonlySet<string> => walkBack(output, makersOf(graph)).behind;

/** The tensor that an output shows, without what may follow logits. */
const logitsBefore = (output: string, makers: ReadonlyMap<string, Node>): string => walkBack(output, makers).logits;

const makersOf = (graph: Graph): ReadonlyMap<string, Node> =>
  new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));

function walkBack(output: string, makers: ReadonlyMap<string, Node>): { logits: string; behind: ReadonlySet<string> } {
  const behind = new Set<string>();
  let name = output;
  for (let maker = makers.get(name); maker && BEHIND_LOGITS.has(maker.operator) && !behind.has(name); maker = makers.get(name)) {
    behind.add(name);
    name = maker.inputs[0] ?? '';
  }
  return { logits: name, behind };
}

/** All tensors that one is computed from. */
function sourcesOf(name: string, makers: ReadonlyMap<string, Node>): Set<string> {
  const found = new Set(makers.get(name)?.inputs);
  for (const next of found) for (const input of makers.get(next)?.inputs ?? []) found.add(input);
  return found;
}
