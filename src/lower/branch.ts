/** If with a condition that is known while the graph is read: the branch that is taken stands in its place. */

import { ModelFormatError } from '../errors.ts';
import { subgraphAttribute } from '../graph/attributes.ts';
import type { Node } from '../graph/graph.ts';
import { liveNodes } from '../graph/order.ts';
import { renameNode } from '../graph/rename.ts';
import { badShape, cannot, type Lowering, nodePlace } from './lowering.ts';

/** All nodes in order, in the place of each If those of its branch. */
export function* withBranches(nodes: readonly Node[], lowering: Lowering): Generator<Node, void> {
  const waiting = nodes.toReversed();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.operator !== 'If') yield node;
    else {
      const taken = lowering.branches.get(node) ?? takenBranch(node, lowering);
      lowering.branches.set(node, taken);
      for (const inner of taken.toReversed()) waiting.push(inner);
    }
  }
}

/** The nodes of the branch that is taken, its stored tensors put among the constants. Throws where the image decides. */
function takenBranch(node: Node, lowering: Lowering): Node[] {
  const condition = lowering.constants.get(node.inputs[0] ?? '');
  if (condition?.data.length !== 1) {
    throw cannot(node, 'a condition that depends on the image', 'export the branch that inference takes');
  }
  const branch = subgraphAttribute(node, condition.data[0] !== 0 ? 'then_branch' : 'else_branch');
  if (branch.outputs.length < node.outputs.length) throw badShape(node, `a branch of ${branch.outputs.length} outputs`);
  const own = new Set([...branch.constants.keys(), ...branch.nodes.flatMap(({ outputs }) => outputs)]);
  const rename = (name: string) => (own.has(name) ? `${node.outputs[0]}/If/${name}` : name);
  for (const name of own) if (name !== '') refuseKnown(node, rename(name), lowering);
  for (const [name, tensor] of branch.constants) lowering.constants.set(rename(name), tensor);
  const results = node.outputs.map((output, i): Node => {
    const name = node.outputs.length > 1 ? `${node.name}:${i}` : node.name;
    return { name, operator: 'Identity', inputs: [rename(branch.outputs[i])], outputs: [output], attributes: new Map() };
  });
  const nodes = liveNodes(branch.nodes, branch.outputs).map((inner) => renameNode(inner, rename));
  return [...nodes, ...results];
}

function refuseKnown(node: Node, name: string, { constants, values }: Lowering): void {
  if (!constants.has(name) && !values.has(name)) return;
  throw new ModelFormatError('duplicate-tensor', nodePlace(node), `tensor "${name}" is made twice`, 'export the model again');
}
