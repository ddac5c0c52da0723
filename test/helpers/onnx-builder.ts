/** Small ONNX models for tests, encoded with the importer's own descriptor. */

import { graphMessage, modelMessage } from '../../src/onnx/schema.ts';

/** An attribute's value: integers and reals are told apart by `real`. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly real: number }
  | { readonly tensor: TensorSpec }
  | { readonly graph: Pick<ModelSpec, 'nodes' | 'tensors' | 'outputs'> }
  /** Within a function: the value of the calling node's attribute, an integer. */
  | { readonly ref: string };

export interface FunctionSpec {
  readonly name: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly attributes?: readonly string[];
  readonly nodes: readonly NodeSpec[];
}

export interface TensorSpec {
  readonly dims: readonly number[];
  /** Float32Array: float. Numbers: int64. Else `type` with raw bytes or typed data. */
  readonly data?: Float32Array | readonly number[];
  /** Fields of TensorProto, in place of what `data` would give. */
  readonly fields?: Record<string, unknown>;
}

export interface NodeSpec {
  readonly op: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Record<string, AttributeValue>;
}

export interface ModelSpec {
  readonly opset?: number;
  /** Dims of input "x"; −1 or a name for a dynamic size. */
  readonly input?: readonly (number | string)[];
  readonly inputs?: readonly { name: string; dims: readonly (number | string)[]; type?: number }[];
  readonly outputs?: readonly string[];
  /** Element type of the outputs by ONNX's number; float by default. */
  readonly outputType?: number;
  /** Functions of domain "local", of the model's operator set. */
  readonly functions?: readonly FunctionSpec[];
  readonly nodes: readonly NodeSpec[];
  readonly tensors?: Record<string, TensorSpec>;
  readonly graphName?: string;
}

/** Encodes a model with input "x" and output "y" (unless said otherwise). */
export function buildOnnx(spec: ModelSpec): Uint8Array {
  const { opset = 13, input = ['N', 3, 8, 8], outputs = ['y'], outputType = 1, nodes, tensors = {}, graphName = 'test' } = spec;
  const inputs = spec.inputs ?? [{ name: 'x', dims: input }];
  return encodeModel({
    irVersion: 8,
    producerName: 'bsnn-webgpu test',
    opsetImport: [{ domain: '', version: opset }, ...(spec.functions ? [{ domain: 'local', version: 1 }] : [])],
    graph: {
      name: graphName,
      node: nodes.map(nodeMessage),
      initializer: Object.entries(tensors).map(([name, tensor]) => tensorMessage(name, tensor)),
      input: inputs.map(({ name, dims, type = 1 }) => valueInfo(name, dims, type)),
      output: outputs.map((name) => ({ name, type: { tensorType: { elemType: outputType } } })),
    },
    functions: (spec.functions ?? []).map((called) => functionMessage(called, opset)),
  });
}

/** Encodes any ModelProto; a plain array, since protobufjs gives a Buffer, whose `slice` shares its memory. */
export const encodeModel = (model: object): Uint8Array =>
  Uint8Array.from(modelMessage.encode(modelMessage.fromObject(model)).finish());

/** A float tensor. */
export const real = (dims: readonly number[], data: readonly number[] | Float32Array): TensorSpec => ({
  dims,
  data: Float32Array.from(data),
});

/** A tensor of another type, by ONNX's number of it, from its bytes. */
export const integers = (dataType: number, dims: readonly number[], bytes: ArrayBufferView): TensorSpec => ({
  dims,
  fields: { dataType, rawData: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) },
});

/** An int64 tensor; a list of numbers by default. */
export const whole = (data: readonly number[], dims: readonly number[] = [data.length]): TensorSpec => ({ dims, data });

function valueInfo(name: string, dims: readonly (number | string)[], elemType: number) {
  const dim = dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function tensorMessage(name: string, { dims, data, fields }: TensorSpec): object {
  if (fields) return { name, dims: [...dims], ...fields };
  if (data instanceof Float32Array) return { name, dims: [...dims], dataType: 1, rawData: new Uint8Array(data.buffer.slice(0)) };
  const raw = new Uint8Array(BigInt64Array.from(data ?? [], (x) => BigInt(x)).buffer);
  return { name, dims: [...dims], dataType: 7, rawData: raw };
}

const subgraph = ({ nodes, tensors = {}, outputs = [] }: Pick<ModelSpec, 'nodes' | 'tensors' | 'outputs'>) => ({
  name: 'branch',
  node: nodes.map(nodeMessage),
  initializer: Object.entries(tensors).map(([name, tensor]) => tensorMessage(name, tensor)),
  output: outputs.map((name) => ({ name, type: { tensorType: { elemType: 1 } } })),
});

const functionMessage = (spec: FunctionSpec, opset: number) => ({
  name: spec.name,
  domain: 'local',
  input: [...spec.in],
  output: [...spec.out],
  attribute: [...(spec.attributes ?? [])],
  node: spec.nodes.map(nodeMessage),
  opsetImport: [
    { domain: '', version: opset },
    { domain: 'local', version: 1 },
  ],
});

function nodeMessage({ op, in: input, out, name = '', domain = '', attributes = {} }: NodeSpec): object {
  const attribute = Object.entries(attributes).map(([key, value]) => attributeMessage(key, value));
  return { opType: op, input: [...input], output: [...out], name, domain, attribute };
}

function attributeMessage(name: string, value: AttributeValue): object {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if ('real' in value) return { name, type: 1, f: value.real };
  if ('ref' in value) return { name, type: 2, refAttrName: value.ref };
  if ('graph' in value) return { name, type: 5, g: graphMessage.encode(graphMessage.fromObject(subgraph(value.graph))).finish() };
  if ('tensor' in value) return { name, type: 4, t: tensorMessage('', value.tensor) };
  return { name, type: 7, ints: [...value] };
}
