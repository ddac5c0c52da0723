/** A recipe: a small network of QCFS activations, clip(⌊x·L/λ + ½⌋, 0, L) · λ/L with a learned λ, trained on digits in a second or two. */

import { seeded } from '../../src/ann/build.ts';
import type { ImageSource } from '../../src/run/source.ts';
import { buildOnnx, type NodeSpec, real, type TensorSpec } from './onnx-builder.ts';
import { node } from './onnx-networks.ts';

/** Weights [outputs][inputs], biases, and λ; the last layer's λ is not used. */
interface Layer {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  lambda: number;
}

/** Neurons of the hidden layers. */
const HIDDEN = [32, 24];
const CLASSES = 10;
const EPOCHS = 3;
const RATE = 0.01;
/** Of λ, whose gradient is a sum over a layer. */
const LAMBDA_RATE = 0.001;

/** Plain gradient descent, an image at a time; rounding is passed straight through. @param L steps of an activation */
export async function trainQcfs(images: ImageSource, L: number, seed: number): Promise<Uint8Array> {
  const { channels, height, width } = images.shape;
  const sizes = [channels * height * width, ...HIDDEN, CLASSES];
  const random = seeded(seed);
  const layers = sizes.slice(1).map((outputs, l): Layer => {
    const deviation = Math.sqrt(2 / sizes[l]);
    return {
      weights: Float64Array.from({ length: outputs * sizes[l] }, () => random.normal() * deviation),
      bias: new Float64Array(outputs),
      lambda: 2,
    };
  });
  const pixels = await images.read(0, images.count);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (let i = 0; i < images.count; i++) {
      const image = Float64Array.from(pixels.subarray(i * sizes[0], (i + 1) * sizes[0]), (p) => p / 255);
      descend(layers, image, images.labels![i], L);
    }
  }
  return toOnnx(layers, images.shape, L);
}

const sumsOf = ({ weights, bias }: Layer, x: Float64Array): Float64Array =>
  bias.map((b, o) => {
    let sum = b;
    for (let i = 0; i < x.length; i++) if (x[i] !== 0) sum += weights[o * x.length + i] * x[i];
    return sum;
  });

/** One image forward and back. */
function descend(layers: readonly Layer[], image: Float64Array, label: number, L: number): void {
  const inputs = [image];
  const sums = layers.map((layer, l) => {
    const z = sumsOf(layer, inputs[l]);
    inputs.push(z.map((v) => (Math.min(Math.max(Math.floor((v * L) / layer.lambda + 0.5), 0), L) * layer.lambda) / L));
    return z;
  });
  const logits = sums[sums.length - 1];
  const most = Math.max(...logits);
  const shares = logits.map((v) => Math.exp(v - most));
  const all = shares.reduce((a, b) => a + b, 0);
  let gradient: Float64Array = shares.map((v, o) => v / all - Number(o === label));
  for (let l = layers.length - 1; l >= 0; l--) {
    const layer = layers[l];
    const x = inputs[l];
    const below = new Float64Array(x.length);
    gradient.forEach((g, o) => {
      if (g === 0) return;
      for (let i = 0; i < x.length; i++) {
        below[i] += g * layer.weights[o * x.length + i];
        layer.weights[o * x.length + i] -= RATE * g * x[i];
      }
      layer.bias[o] -= RATE * g;
    });
    if (l > 0) gradient = throughActivation(layers[l - 1], sums[l - 1], below);
  }
}

/** The gradient of the sums, and a step of λ, which those above it move. */
function throughActivation(layer: Layer, sums: Float64Array, gradient: Float64Array): Float64Array {
  const above = sums.reduce((sum, z, o) => sum + (z > layer.lambda ? gradient[o] : 0), 0);
  const passed = gradient.map((g, o) => (sums[o] > 0 && sums[o] <= layer.lambda ? g : 0));
  layer.lambda = Math.max(0.1, layer.lambda - LAMBDA_RATE * above);
  return passed;
}

/** As the authors' code computes it: divided by λ, clipped, times L, rounded, and back. Outputs: logits "y", activations "a0", "a1". */
function toOnnx(layers: readonly Layer[], { channels, height, width }: ImageSource['shape'], L: number): Uint8Array {
  const nodes: NodeSpec[] = [node('Flatten', ['x'], 'f')];
  const tensors: Record<string, TensorSpec> = {};
  const constant = (value: number) => {
    const name = `k${Object.keys(tensors).length}`;
    tensors[name] = real([], [value]);
    return name;
  };
  let from = 'f';
  layers.forEach(({ weights, bias, lambda }, l) => {
    tensors[`w${l}`] = real([bias.length, weights.length / bias.length], Float32Array.from(weights));
    tensors[`b${l}`] = real([bias.length], Float32Array.from(bias));
    const last = l === layers.length - 1;
    nodes.push(node('Gemm', [from, `w${l}`, `b${l}`], last ? 'y' : `z${l}`, { transB: 1 }));
    if (last) return;
    const steps: [op: string, ...constants: number[]][] = [['Div', lambda], ['Clip', 0, 1], ['Mul', L], ['Add', 0.5], ['Floor']];
    from = `z${l}`;
    [...steps, ['Div', L] as const, ['Mul', lambda] as const].forEach(([op, ...constants], i) => {
      const to = i === steps.length + 1 ? `a${l}` : `z${l}/${i}`;
      nodes.push(node(op, [from, ...constants.map(constant)], to));
      from = to;
    });
  });
  return buildOnnx({ input: ['N', channels, height, width], nodes, tensors, outputs: ['y', 'a0', 'a1'] });
}
