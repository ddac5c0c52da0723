/** ONNX bytes → `Graph`. Pure: nothing is read but the bytes (and what `readExternal` gives). */

import { BsnnError, ModelFormatError, UnsupportedModelError } from '../errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { decodeMessage, FIELD_ROOM } from './decode.ts';
import { NODE_ROOM, operatorOf, parseNodes, type Reading } from './nodes.ts';
import { type FunctionProto, type GraphProto, type ModelProto, modelMessage, toNumber } from './schema.ts';
import { parseInput } from './signature.ts';
import { type ReadExternal, readTensor } from './tensor.ts';

/** The oldest operator set that is understood. */
export const MINIMUM_OPSET = 7;

/**
 * Parses a model file. `where` names the file in errors. Throws `ModelFormatError` where the bytes are no consistent ONNX
 * model, `UnsupportedModelError` for an operator set below 7, for several inputs, and for far more nodes than any network has.
 */
export function parseModel(bytes: Uint8Array, where: string, readExternal: ReadExternal): Graph {
  const fields = { left: FIELD_ROOM };
  const model = decodeModel(bytes, where, fields);
  const opset = opsetOf(model, where);
  const graph = model.graph!;
  if (graph.sparseInitializer.length > 0) {
    throw new UnsupportedModelError('unsupported-type', where, 'sparse initializers', 'export the weights as dense tensors');
  }
  const constants = readConstants(graph, readExternal);
  const reading: Reading = {
    readExternal,
    readConstants: (inner) => readConstants(inner, readExternal),
    functions: functionsOf(model, opset),
    nodes: { left: NODE_ROOM },
    fields,
  };
  return {
    name: graph.name,
    opset,
    input: parseInput(graph, constants, where),
    outputs: outputNames(graph, where),
    nodes: parseNodes(graph.node, reading),
    constants,
  };
}

function decodeModel(bytes: Uint8Array, where: string, fields: { left: number }): ModelProto {
  if (bytes.length === 0) throw notOnnx(where, 'the file is empty');
  let model: ModelProto;
  try {
    model = decodeMessage<ModelProto>(modelMessage, bytes, fields, where);
  } catch (cause) {
    if (cause instanceof BsnnError) throw cause;
    throw notOnnx(where, 'not a whole ONNX model', { cause });
  }
  if (!model.graph || model.graph.node.length === 0) throw notOnnx(where, 'not an ONNX model: no graph with nodes in it');
  if (!(toNumber(model.irVersion) >= 1)) throw notOnnx(where, 'not an ONNX model: no IR version');
  return model;
}

function opsetOf(model: ModelProto, where: string): number {
  const own = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  if (!own) throw notOnnx(where, "no version of ONNX's operator set");
  const opset = toNumber(own.version);
  if (opset < MINIMUM_OPSET) {
    const remedy = `export with opset ${MINIMUM_OPSET} or later, or convert the file (Python: onnx.version_converter)`;
    throw new UnsupportedModelError('opset', where, `operator set ${opset}`, remedy);
  }
  return opset;
}

/** The model's functions by the operator that calls them; they speak the model's own operator set. */
function functionsOf(model: ModelProto, opset: number): Map<string, FunctionProto> {
  const functions = new Map<string, FunctionProto>();
  for (const called of model.functions) {
    const other = called.opsetImport.find(({ domain, version }) => domain === '' && toNumber(version) !== opset);
    if (other) {
      const what = `operator set ${toNumber(other.version)} in a model of operator set ${opset}`;
      throw new UnsupportedModelError('opset', `function "${called.name}"`, what, 'inline the functions (Python: onnx.inliner)');
    }
    functions.set(operatorOf(called.domain, called.name), called);
  }
  return functions;
}

function readConstants(graph: GraphProto, readExternal: ReadExternal): Map<string, Tensor> {
  const constants = new Map<string, Tensor>();
  for (const proto of graph.initializer) {
    const where = `tensor "${proto.name}"`;
    if (constants.has(proto.name)) {
      throw new ModelFormatError('duplicate-tensor', where, 'the tensor is stored twice', 'export the model again');
    }
    constants.set(proto.name, readTensor(proto, where, readExternal));
  }
  return constants;
}

function outputNames(graph: GraphProto, where: string): string[] {
  if (graph.output.length === 0)
    throw new ModelFormatError('no-output', where, 'the graph has no output', 'export the model again');
  return graph.output.map(({ name }) => name);
}

const notOnnx = (where: string, what: string, options?: ErrorOptions) =>
  new ModelFormatError('not-onnx', where, what, 'give an ONNX file (.onnx), whole and unpacked', options);
