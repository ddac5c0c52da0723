/** ONNX nodes → `Node`s: attributes read, subgraphs too, functions of the model put in place of the nodes that call them. */

import { BsnnError, ModelFormatError, UnsupportedModelError } from '../errors.ts';
import type { Attribute, Node, Subgraph, Tensor } from '../graph/graph.ts';
import { renameNode } from '../graph/rename.ts';
import { decodeMessage } from './decode.ts';
import { type AttributeProto, type FunctionProto, type GraphProto, graphMessage, type NodeProto, toNumber } from './schema.ts';
import { type ReadExternal, readTensor } from './tensor.ts';

/** What all nodes of a file are read with. */
export interface Reading {
  readonly readExternal: ReadExternal;
  readonly readConstants: (graph: GraphProto) => Map<string, Tensor>;
  /** The model's functions by `operatorOf`. */
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** Nodes that may still be read or made by functions. */
  readonly nodes: { left: number };
  /** Fields that may still be decoded. */
  readonly fields: { left: number };
}

/** Nodes that a file may have in all, its graphs' within graphs and its functions' at every call: far above any network's. */
export const NODE_ROOM = 2 ** 16;

/** Graphs within graphs, and functions within functions: deeper than any exporter goes. */
const MAXIMUM_DEPTH = 16;

/** An operator's name, with its domain in front where that is not ONNX's own. */
export const operatorOf = (domain: string, name: string): string =>
  domain === '' || domain === 'ai.onnx' ? name : `${domain}.${name}`;

/** Reads a graph's nodes, `depth` graphs within the model's own. Throws `UnsupportedModelError` for functions without end. */
export function parseNodes(protos: readonly NodeProto[], reading: Reading, depth = 0): Node[] {
  takeNodes(protos.length, reading, 'the graph');
  const nodes: Node[] = [];
  const waiting = protos.map((proto, index) => ({ node: parseNode(proto, index, reading, depth), calls: 0 })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, calls } = next;
    const called = reading.functions.get(node.operator);
    if (!called) nodes.push(node);
    else {
      if (calls === MAXIMUM_DEPTH) throw tooLarge(node, `functions within functions, more than ${MAXIMUM_DEPTH} deep`);
      for (const inner of callFunction(node, called, reading, depth).reverse()) waiting.push({ node: inner, calls: calls + 1 });
    }
  }
  return nodes;
}

/** A node; its own attributes, and those that it takes from the node that calls its function. */
function parseNode(proto: NodeProto, index: number, reading: Reading, depth: number, caller?: Node): Node {
  const operator = operatorOf(proto.domain, proto.opType);
  const name = proto.name || `${proto.opType}_${index}`;
  const attributes = new Map<string, Attribute>();
  let captured: readonly string[] = [];
  for (const attribute of proto.attribute) {
    const value = attribute.refAttrName ? referred(attribute, name, caller) : parseAttribute(attribute, name, reading, depth);
    if (value !== undefined) attributes.set(attribute.name, value);
    if (attribute.type === GRAPH && value) captured = [...captured, ...capturedNames(value as Subgraph)];
  }
  return { name, operator, inputs: [...proto.input, ...captured], outputs: proto.output, attributes };
}

const GRAPH = 5;

function parseAttribute(proto: AttributeProto, node: string, reading: Reading, depth: number): Attribute {
  switch (proto.type) {
    case 1:
      return proto.f;
    case 2:
      return toNumber(proto.i);
    case 3:
      return new TextDecoder().decode(Uint8Array.from(proto.s));
    case 4:
      if (proto.t) return readTensor(proto.t, `node "${node}", attribute "${proto.name}"`, reading.readExternal);
      break;
    case GRAPH:
      return parseSubgraph(proto.g, node, reading, depth + 1);
    case 6:
      return proto.floats;
    case 7:
      return proto.ints.map(toNumber);
  }
  return null;
}

function parseSubgraph(bytes: Uint8Array, node: string, reading: Reading, depth: number): Subgraph {
  const where = `node "${node}"`;
  if (depth > MAXIMUM_DEPTH) {
    throw new UnsupportedModelError(
      'too-large',
      where,
      `graphs within graphs, ${depth} deep`,
      'export the branch that inference takes',
    );
  }
  let graph: GraphProto;
  try {
    graph = decodeMessage<GraphProto>(graphMessage, bytes, reading.fields, where);
  } catch (cause) {
    if (cause instanceof BsnnError) throw cause;
    throw new ModelFormatError('not-onnx', where, 'a graph that is not whole', 'give an ONNX file (.onnx), whole and unpacked', {
      cause,
    });
  }
  return {
    nodes: parseNodes(graph.node, reading, depth),
    constants: reading.readConstants(graph),
    outputs: graph.output.map(({ name }) => name),
  };
}

/** Tensors of the graphs around it that a subgraph reads. */
function capturedNames({ nodes, constants, outputs }: Subgraph): string[] {
  const own = new Set([...constants.keys(), ...nodes.flatMap((node) => node.outputs)]);
  return [...new Set([...nodes.flatMap((node) => node.inputs), ...outputs])].filter((name) => name !== '' && !own.has(name));
}

/** A function's nodes, named after the node that calls it. */
function callFunction(node: Node, called: FunctionProto, reading: Reading, depth: number): Node[] {
  takeNodes(called.node.length + called.output.length, reading, `node "${node.name}"`);
  const inner = (name: string) => `${node.outputs[0]}/${node.operator}/${name}`;
  const names = new Map(called.input.map((name, i) => [name, node.inputs[i] ?? '']));
  const results: Node[] = [];
  for (const [i, name] of called.output.entries()) {
    const output = node.outputs[i] || inner(name);
    if (!names.has(name)) names.set(name, output);
    else
      results.push({
        name: `${node.name}/${name}`,
        operator: 'Identity',
        inputs: [names.get(name)!],
        outputs: [output],
        attributes: new Map(),
      });
  }
  const rename = (name: string) => names.get(name) ?? inner(name);
  const caller = { ...node, attributes: withDefaults(node, called, reading, depth) };
  const body = called.node.map((proto, index) => {
    const own = parseNode(proto, index, reading, depth, caller);
    return renameNode({ ...own, name: `${node.name}/${own.name}` }, rename);
  });
  return [...body, ...results];
}

function takeNodes(count: number, { nodes }: Reading, where: string): void {
  nodes.left -= count;
  if (nodes.left < 0) throw new UnsupportedModelError('too-large', where, `more than ${NODE_ROOM} nodes`, 'give a smaller model');
}

const tooLarge = ({ name }: Node, what: string) =>
  new UnsupportedModelError('too-large', `node "${name}"`, what, 'export the model without functions');

function withDefaults(node: Node, called: FunctionProto, reading: Reading, depth: number): Map<string, Attribute> {
  const defaults = called.attributeProto.map((proto) => [proto.name, parseAttribute(proto, node.name, reading, depth)] as const);
  return new Map([...defaults, ...node.attributes]);
}

/** What the caller of a function says of an attribute; nothing where it says nothing. */
function referred({ name, refAttrName }: AttributeProto, node: string, caller?: Node): Attribute | undefined {
  if (caller) return caller.attributes.get(refAttrName);
  const what = `attribute "${name}" refers to attribute "${refAttrName}" of a function around it`;
  throw new UnsupportedModelError('unsupported-operator', `node "${node}"`, what, 'inline the functions (Python: onnx.inliner)');
}
