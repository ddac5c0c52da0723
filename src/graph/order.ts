/** The order in which a graph's nodes can be lowered. */

import { ModelFormatError } from '../errors.ts';
import type { Graph, Node } from './graph.ts';

/**
 * The nodes that an output depends on, each after those it reads from; the file's order is kept where it is right.
 * Throws `ModelFormatError` for a tensor made twice, a tensor nobody makes, and a cycle.
 */
export function orderNodes(graph: Graph, output: string): Node[] {
  const makers = findMakers(graph);
  const known = (name: string) => name === '' || name === graph.input.name || graph.constants.has(name) || makers.has(name);
  const missing = (where: string, name: string) =>
    new ModelFormatError(
      'missing-tensor',
      where,
      `tensor "${name}" is made by no node and stored nowhere`,
      'export the model again',
    );
  for (const node of graph.nodes) {
    for (const name of node.inputs) if (!known(name)) throw missing(`node "${node.name}"`, name);
  }
  if (!known(output) || output === '') throw missing('the output', output);
  return liveNodes(sortNodes(graph, makers), [output]);
}

function findMakers(graph: Graph): Map<string, Node> {
  const makers = new Map<string, Node>();
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (makers.has(name) || graph.constants.has(name) || name === graph.input.name) {
        throw new ModelFormatError(
          'duplicate-tensor',
          `node "${node.name}"`,
          `tensor "${name}" is made twice`,
          'export the model again',
        );
      }
      makers.set(name, node);
    }
  }
  return makers;
}

/** Depth-first, without recursion: a file may hold a chain of any length. */
function sortNodes(graph: Graph, makers: ReadonlyMap<string, Node>): Node[] {
  const sorted: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  for (const root of graph.nodes) {
    if (state.has(root)) continue;
    const path: { node: Node; next: number }[] = [{ node: root, next: 0 }];
    state.set(root, 'open');
    for (let top = path.at(-1); top; top = path.at(-1)) {
      if (top.next === top.node.inputs.length) {
        state.set(top.node, 'done');
        sorted.push(top.node);
        path.pop();
        continue;
      }
      const maker = makers.get(top.node.inputs[top.next++]);
      if (!maker || state.get(maker) === 'done') continue;
      if (state.get(maker) === 'open') {
        throw new ModelFormatError('cycle', `node "${maker.name}"`, 'the node reads from its own output', 'export the model again');
      }
      state.set(maker, 'open');
      path.push({ node: maker, next: 0 });
    }
  }
  return sorted;
}

/** Of sorted nodes, those that the outputs depend on. */
export function liveNodes(sorted: readonly Node[], outputs: readonly string[]): Node[] {
  const needed = new Set(outputs);
  const live: Node[] = [];
  for (const node of sorted.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) if (name !== '') needed.add(name);
    live.push(node);
  }
  return live.reverse();
}
