/** A small residual network quantised as ONNX Runtime's `quantize_static` does it: any scales, and zero points where ranges put them. */

import * as ort from 'onnxruntime-node';
import { buildOnnx, integers, type NodeSpec, real, type TensorSpec } from './onnx-builder.ts';
import { randomNumbers } from './onnx-compare.ts';
import { node, relu } from './onnx-networks.ts';
import { type PairSpec, pair, TYPE } from './onnx-quantized.ts';

/** ONNX's number of the type of biases. */
const INT32 = 6;

/** Its quantised activations in order, and whether a ReLU is before each, which the zero point stands for then. */
const ACTIVATIONS: readonly [name: string, rectified: boolean][] = [
  ['p', false],
  ['c1', true],
  ['c2', true],
  ['c3', false],
  ['j', true],
  ['c4', true],
  ['g', false],
];

/** What a file of it is, and the scale and zero point of each quantised activation. */
export interface StaticNetwork {
  readonly bytes: Uint8Array;
  readonly pairs: ReadonlyMap<string, Required<Pick<PairSpec, 'scale' | 'zero'>>>;
}

/** Quantised on some images: each activation as uint8 between its extremes, 0 among them; weights as int8, a scale a channel. */
export async function quantizeStatic(images: Float32Array, n: number): Promise<StaticNetwork> {
  const extremes = await run(build(null), images, n);
  const pairs = new Map(
    [...extremes].map(([name, values]) => {
      const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [0, 0]);
      const scale = Math.fround((high - low) / 255);
      return [name, { scale, zero: Math.round(-low / scale) }];
    }),
  );
  return { bytes: build(pairs), pairs };
}

/** Integers of each quantised activation, [image][channel][y][x], as ONNX Runtime gives them. */
export async function runStatic(
  { bytes, pairs }: StaticNetwork,
  images: Float32Array,
  n: number,
): Promise<Map<string, Int32Array>> {
  const values = await run(bytes, images, n);
  const integersOf = (name: string, data: Float32Array) => {
    const { scale, zero } = pairs.get(name)!;
    return Int32Array.from(data, (v) => Math.round(v / scale) + zero);
  };
  return new Map([...values].map(([name, data]) => [name, integersOf(name, data)]));
}

async function run(bytes: Uint8Array, images: Float32Array, n: number): Promise<Map<string, Float32Array>> {
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 });
  const results = await session.run({ x: new ort.Tensor('float32', images, [n, 3, 16, 16]) });
  await session.release();
  return new Map(ACTIVATIONS.map(([name]) => [name, results[`${name}d`].data as Float32Array]));
}

/** Activations "p" to "g", each behind its pair "pd" to "gd". @param pairs null: ReLUs instead */
function build(pairs: StaticNetwork['pairs'] | null): Uint8Array {
  const nodes: NodeSpec[] = [];
  const tensors: Record<string, TensorSpec> = {};
  const take = (made: { nodes: NodeSpec[]; tensors: Record<string, TensorSpec> }) => {
    nodes.push(...made.nodes);
    Object.assign(tensors, made.tensors);
  };
  const settle = (name: string) => {
    const own = pairs?.get(name);
    const rectified = ACTIVATIONS.find(([other]) => other === name)?.[1];
    if (own) take(pair(name, `${name}d`, own));
    else nodes.push(rectified ? relu(name, `${name}d`) : node('Identity', [name], `${name}d`));
  };
  const weighted = (op: 'Conv' | 'Gemm', from: string, to: string, dims: number[], attributes: NodeSpec['attributes'] = {}) => {
    take(dequantized(`${to}w`, dims, nodes.length));
    take(dequantized(`${to}b`, dims.slice(0, 1), nodes.length));
    nodes.push(node(op, [from, `${to}w`, `${to}b`], to, attributes));
  };
  const same = { pads: [1, 1, 1, 1] };
  nodes.push(node('Identity', ['x'], 'p'));
  settle('p');
  weighted('Conv', 'pd', 'c1', [8, 3, 3, 3], same);
  settle('c1');
  weighted('Conv', 'c1d', 'c2', [8, 8, 3, 3], same);
  settle('c2');
  weighted('Conv', 'c2d', 'c3', [8, 8, 3, 3], same);
  settle('c3');
  nodes.push(node('Add', ['c3d', 'c1d'], 'j'));
  settle('j');
  weighted('Conv', 'jd', 'c4', [16, 8, 3, 3], { ...same, strides: [2, 2] });
  settle('c4');
  nodes.push(node('GlobalAveragePool', ['c4d'], 'g'));
  settle('g');
  nodes.push(node('Flatten', ['gd'], 'f'));
  weighted('Gemm', 'f', 'y', [5, 16], { transB: 1 });
  return buildOnnx({ input: ['N', 3, 16, 16], nodes, tensors, outputs: ['y', ...ACTIVATIONS.map(([name]) => `${name}d`)] });
}

/** int8 weights, or int32 biases, with a scale for each output channel. */
function dequantized(name: string, dims: number[], seed: number) {
  const count = dims.reduce((a, b) => a * b, 1);
  const isBias = dims.length === 1;
  const most = isBias ? 2 ** 14 : 127;
  const scale = (isBias ? 1 / 4 : Math.sqrt(6 / (count / dims[0]))) / most;
  const data = randomNumbers(count, seed).map((v) => Math.round(most * v));
  const whole = isBias ? integers(INT32, dims, Int32Array.from(data)) : integers(TYPE.int8, dims, Int8Array.from(data));
  const scales = randomNumbers(dims[0], seed + 1).map((v) => scale * (1 + v / 4));
  return {
    nodes: [node('DequantizeLinear', [`${name}q`, `${name}s`], name, { axis: 0 })],
    tensors: { [`${name}q`]: whole, [`${name}s`]: real([dims[0]], scales) },
  };
}
