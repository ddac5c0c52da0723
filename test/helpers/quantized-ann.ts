/**
 * The K-bit ANN that one wave of a bistable network must equal, in ordinary tensor code run by ONNX Runtime: convolutions,
 * in f32, whose sums stay below 2^24 in these networks, the rest in f64; on the network's integers. Knows nothing of spikes, windows,
 * membranes or phases: what our code and our reading of the paper say about them does not enter.
 */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { INPUT, sourceShape } from '../../src/ann/ann.ts';
import type { SpikingNetwork, SpikingTerm } from '../../src/network/network.ts';
import { kOf } from './closed-times.ts';
import { buildOnnx, type NodeSpec, real, type TensorSpec, whole } from './onnx-builder.ts';

/** Element types of ONNX. */
const [FLOAT, DOUBLE] = [1, 11];
/** What the upper half of a readout's integers counts. */
const HALF = 2 ** 16;

const name = (source: number): string => (source === INPUT ? 'x' : `a${source}`);

/** Input "x" is [image][channel][y][x] of pixels minus zero points; layer l's integers are output "a<l>". */
export function quantizedAnn(network: SpikingNetwork): Uint8Array {
  const nodes: NodeSpec[] = [];
  const tensors: Record<string, TensorSpec> = {};
  const add = (op: string, inputs: string[], attributes: NodeSpec['attributes'] = {}, out = `n${nodes.length}`): string => {
    nodes.push({ op, in: inputs, out: [out], name: out, attributes });
    return out;
  };
  const constant = (dims: number[], data: ArrayLike<number>): string => {
    const key = `t${Object.keys(tensors).length}`;
    tensors[key] = real(dims, Float32Array.from(data));
    return key;
  };
  /** A whole number a channel, as f64. */
  const byChannel = (data: ArrayLike<number>): string => {
    const key = `t${Object.keys(tensors).length}`;
    tensors[key] = whole(Array.from(data), [1, data.length, 1, 1]);
    return add('Cast', [key], { to: DOUBLE });
  };
  const shifted = (term: SpikingTerm): string => {
    const times = byChannel(Array.from(term.shifts, (s) => 2 ** s));
    return add('Mul', [add('Cast', [weighted(term)], { to: DOUBLE }), times]);
  };
  const weighted = ({ source, operator }: SpikingTerm): string => {
    const { channels } = sourceShape(network, source);
    if (operator.type === 'identity') return add('Mul', [name(source), constant([1, channels, 1, 1], operator.weights)]);
    const { kernel, stride: strides, pads, dilation: dilations } = operator.window;
    const columns = channels / operator.groups;
    const rows = operator.weights.length / columns / kernel[0] / kernel[1];
    const weights = constant([rows, columns, ...kernel], operator.weights);
    return add('Conv', [name(source), weights], { kernel_shape: kernel, strides, pads, dilations, group: operator.groups });
  };
  network.layers.forEach((layer, l) => {
    const { channels } = layer.shape;
    if (layer.kind === 'pool') {
      const { kernel, stride: strides, pads, dilation: dilations } = layer.window;
      const window = { kernel_shape: kernel, strides, pads, dilations };
      const ones = () => constant([channels, 1, ...kernel], new Float32Array(channels * kernel[0] * kernel[1]).fill(1));
      if (layer.mode === 'max') add('MaxPool', [name(layer.source)], window, name(l));
      else add('Conv', [name(layer.source), ones()], { ...window, group: channels }, name(l));
      return;
    }
    const sum = layer.terms.map(shifted).reduce((a, b) => add('Add', [a, b]));
    const biased = add('Add', [sum, byChannel(layer.bias)]);
    if (layer.kind === 'readout') {
      // f32 holds no more than half of it
      const high = add('Floor', [add('Div', [biased, byChannel([HALF])])]);
      add('Cast', [high], { to: FLOAT }, `${name(l)}high`);
      add('Cast', [add('Sub', [biased, add('Mul', [high, byChannel([HALF])])])], { to: FLOAT }, `${name(l)}low`);
      return;
    }
    const words = add('Floor', [add('Div', [biased, byChannel(Array.from(layer.gridBits, (g) => 2 ** g))])]);
    const cut = add('Min', [add('Max', [words, byChannel([0])]), byChannel([2 ** kOf(network) - 1])]);
    add('Cast', [cut], { to: FLOAT }, name(l));
  });
  const { channels, height, width } = network.input.shape;
  const outputs = network.layers.flatMap(({ kind }, l) => (kind === 'readout' ? [`${name(l)}high`, `${name(l)}low`] : [name(l)]));
  return buildOnnx({ input: ['N', channels, height, width], outputs, nodes, tensors });
}

/** The integers of every layer, [layer][image][channel][y][x]. */
export async function runQuantizedAnn(network: SpikingNetwork, pixels: Uint8Array): Promise<(Float32Array | Float64Array)[]> {
  const { shape, units } = network.input;
  const area = shape.height * shape.width;
  const input = Float32Array.from(pixels, (p, i) => p - units.zero[Math.floor(i / area) % shape.channels]);
  const session = await InferenceSession.create(quantizedAnn(network), { graphOptimizationLevel: 'disabled' });
  const dims = [pixels.length / (area * shape.channels), shape.channels, shape.height, shape.width];
  const results = await session.run({ x: new Tensor('float32', input, dims) });
  await session.release();
  const of = (output: string) => results[output].data as Float32Array;
  return network.layers.map(({ kind }, l) => {
    if (kind !== 'readout') return of(name(l));
    const low = of(`${name(l)}low`);
    return Float64Array.from(of(`${name(l)}high`), (high, i) => high * HALF + low[i]);
  });
}
