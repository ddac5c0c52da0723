/**
 * The K-bit ANN that one wave of a bistable network must equal, in ordinary tensor code run by ONNX Runtime: convolutions,
 * additions, a floor and a clip in f32, on the network's integers (below 2^24, so exact). Knows nothing of spikes, windows,
 * membranes or phases: what our code and our reading of the paper say about them does not enter.
 */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { INPUT, sourceShape } from '../../src/ann/ann.ts';
import type { SpikingNetwork, SpikingTerm } from '../../src/network/network.ts';
import { kOf } from './closed-times.ts';
import { buildOnnx, type NodeSpec, real, type TensorSpec } from './onnx-builder.ts';

const name = (source: number): string => (source === INPUT ? 'x' : `a${source}`);

/** Input "x" is [image][channel][y][x] of pixels minus zero points; layer l's integers are output "a<l>". */
export function quantizedAnn(network: SpikingNetwork): Uint8Array {
  const nodes: NodeSpec[] = [];
  const tensors: Record<string, TensorSpec> = { zero: real([], [0]), top: real([], [2 ** kOf(network) - 1]) };
  const add = (op: string, inputs: string[], attributes: NodeSpec['attributes'] = {}, out = `n${nodes.length}`): string => {
    nodes.push({ op, in: inputs, out: [out], name: out, attributes });
    return out;
  };
  const constant = (dims: number[], data: ArrayLike<number>): string => {
    const key = `t${Object.keys(tensors).length}`;
    tensors[key] = real(dims, Float32Array.from(data));
    return key;
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
    const sum = layer.terms.map(weighted).reduce((a, b) => add('Add', [a, b]));
    const biased = add('Add', [sum, constant([1, channels, 1, 1], layer.bias)], {}, layer.kind === 'readout' ? name(l) : undefined);
    if (layer.kind === 'readout') return;
    const perThreshold = constant(
      [1, channels, 1, 1],
      Float64Array.from(layer.gridBits, (g) => 2 ** -g),
    );
    add('Clip', [add('Floor', [add('Mul', [biased, perThreshold])]), 'zero', 'top'], {}, name(l));
  });
  const { channels, height, width } = network.input.shape;
  const outputs = network.layers.map((_, l) => name(l));
  return buildOnnx({ input: ['N', channels, height, width], outputs, nodes, tensors });
}

/** The integers of every layer, [layer][image][channel][y][x]. */
export async function runQuantizedAnn(network: SpikingNetwork, pixels: Uint8Array): Promise<Float32Array[]> {
  const { shape, units } = network.input;
  const area = shape.height * shape.width;
  const input = Float32Array.from(pixels, (p, i) => p - units.zero[Math.floor(i / area) % shape.channels]);
  const session = await InferenceSession.create(quantizedAnn(network), { graphOptimizationLevel: 'disabled' });
  const dims = [pixels.length / (area * shape.channels), shape.channels, shape.height, shape.width];
  const results = await session.run({ x: new Tensor('float32', input, dims) });
  await session.release();
  return network.layers.map((_, l) => results[name(l)].data as Float32Array);
}
