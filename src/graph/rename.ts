/** Other names for the tensors of nodes that are put into another graph: a function's, or a branch's. */

import { isSubgraph } from './attributes.ts';
import type { Node, Subgraph } from './graph.ts';

type Rename = (name: string) => string;

/** The node with other names of tensors, in its own subgraphs too; what is left out stays so. */
export function renameNode(node: Node, rename: Rename): Node {
  const given: Rename = (name) => (name === '' ? '' : rename(name));
  const attributes = new Map(
    Array.from(node.attributes, ([key, value]) => [key, isSubgraph(value) ? renameSubgraph(value, given) : value] as const),
  );
  return { ...node, inputs: node.inputs.map(given), outputs: node.outputs.map(given), attributes };
}

const renameSubgraph = ({ nodes, constants, outputs }: Subgraph, rename: Rename): Subgraph => ({
  nodes: nodes.map((node) => renameNode(node, rename)),
  constants: new Map(Array.from(constants, ([name, tensor]) => [rename(name), tensor])),
  outputs: outputs.map(rename),
});
