/** Conv, Gemm and MatMul: weighted sums with stored weights. */

import { integerAttribute, numberAttribute } from '../../graph/attributes.ts';
import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { constantInput, featureInput, isActivation, mapInput, weightInput } from '../inputs.ts';
import { badShape, cannot, checkShape, type Lowering, type LowerOperator, plainValue, takeRoom } from '../lowering.ts';
import { describe, featuresOf, mapDims, runsOver } from '../parts/axes.ts';
import { convolvePart, convolveParts, joinSummands, type Summands } from '../parts/compose.ts';
import { convolveApart, inPartsOrder, isApart } from '../parts/grouped.ts';
import { POINTWISE } from '../parts/terms.ts';
import { readWindow } from '../parts/window.ts';
import { channelCount, type Features, type Part, partShape, type Value } from '../value.ts';

/** ONNX Conv over height and width, or over width alone: strides, dilations, groups, pads (a Pad node before it goes into them), bias. */
export const lowerConv: LowerOperator = (node, lowering) => {
  const stored = mapInput(node, 0, lowering);
  const weights = weightInput(node, 1, lowering);
  if (weights.dims.length !== stored.dims.length) {
    throw cannot(node, `a convolution of rank ${weights.dims.length - 2}`, 'only convolutions over height and width are supported');
  }
  const [outputs, columns, ...kernel] = weights.dims;
  const groups = integerAttribute(node, 'group', 1);
  const channels = channelCount(stored);
  if (!(groups >= 1) || columns * groups !== channels || outputs % groups !== 0) {
    throw badShape(node, `weights ${weights.dims.join('×')} in ${groups} groups over ${channels} channels`);
  }
  const { window, output } = readWindow(node, stored, kernel);
  const shape = checkShape({ channels: outputs, height: output[0], width: output[1] }, node);
  const kernels = { type: 'convolution', weights: asReal(weights, node), window, groups } as const;
  const bias = isGiven(node, 2) ? biasOf(weightInput(node, 2, lowering), outputs, node) : new Float64Array(outputs);
  if (isApart(stored, groups)) return convolveApart(stored, kernels, bias, shape, node, lowering);
  const { value, operator } = inPartsOrder(stored, kernels, outputs, node, lowering);
  const summands = convolveParts(value, operator, outputs, node, lowering);
  return sumValue(node, mapDims(value, shape), shape, summands, bias);
};

/** ONNX Gemm: α·A·B + β·C with A the activations [batch, features]. */
export const lowerGemm: LowerOperator = (node, lowering) => {
  if (integerAttribute(node, 'transA', 0) !== 0) throw cannot(node, 'transA = 1', 'export the layer as a plain linear layer');
  const alpha = numberAttribute(node, 'alpha', 1);
  const beta = numberAttribute(node, 'beta', 1);
  const transposed = integerAttribute(node, 'transB', 0) !== 0;
  if (isGiven(node, 2) && isActivation(node, 2, lowering)) constantInput(node, 2, lowering);
  const value = connect(node, featureInput(node, 0, lowering), lowering, transposed, alpha);
  if (!isGiven(node, 2)) return value;
  const outputs = channelCount(value);
  const bias = biasOf(weightInput(node, 2, lowering), outputs, node).map((b) => beta * b);
  return addBias(value, bias);
};

/** ONNX MatMul with stored weights on the right. */
export const lowerMatMul: LowerOperator = (node, lowering) => {
  if (!isActivation(node, 0, lowering))
    throw cannot(node, 'stored weights on the left', 'export the layer as a plain linear layer');
  if (isActivation(node, 1, lowering)) throw cannot(node, 'a product of two activations', 'attention has no counterpart here');
  const value = featureInput(node, 0, lowering);
  const last = value.dims.length - 1;
  if (last > 1 && runsOver(value, last, 'c')) return connectChannels(node, value, lowering);
  return connect(node, value, lowering, false, 1);
};

/** A fully connected layer: over each part a convolution whose kernel covers the part's whole map. */
function connect(node: Node, value: Value, lowering: Lowering, transposed: boolean, alpha: number): Value {
  const weights = weightInput(node, 1, lowering);
  if (value.dims.length !== 2 || weights.dims.length !== 2) {
    throw cannot(
      node,
      `a product of ranks ${value.dims.length} and ${weights.dims.length}`,
      'flatten to [batch, features] before it',
    );
  }
  if (value.axes[0] !== 'n') throw cannot(node, `a product of ${describe(value)}`, 'leave the batch in front');
  const [outputs, features] = transposed ? weights.dims : [weights.dims[1], weights.dims[0]];
  if (features !== value.dims[1]) throw badShape(node, `weights for ${features} features on ${value.dims[1]}`);
  takeRoom(lowering, elementCount(weights.dims), node);
  const positions = featuresOf(value);
  const each = value.parts.map((part, k) => {
    const shape = partShape(part);
    const block = takeBlock(weights, transposed, alpha, positions[k]);
    const bias = value.features && takeFeatures(block, value.features, positions[k]);
    const window = { ...POINTWISE, kernel: [shape.height, shape.width] as const };
    const summands = convolvePart(part, { type: 'convolution', weights: block, window, groups: 1 }, outputs, node, lowering);
    return bias ? joinSummands([summands, { terms: [], bias }], outputs) : summands;
  });
  const shape = checkShape({ channels: outputs, height: 1, width: 1 }, node);
  return sumValue(node, [value.dims[0], outputs], shape, joinSummands(each, outputs));
}

/** ONNX MatMul of a map with the channels last: at every place the same weights, a 1 × 1 convolution. */
function connectChannels(node: Node, stored: Value, lowering: Lowering): Value {
  const weights = weightInput(node, 1, lowering);
  const [inputs, outputs] = weights.dims;
  if (weights.dims.length !== 2) throw cannot(node, `weights of rank ${weights.dims.length}`, 'use weights [inputs, outputs]');
  const { channels, height, width } = { ...partShape(stored.parts[0]), channels: channelCount(stored) };
  if (inputs !== channels) throw badShape(node, `weights for ${inputs} channels on ${channels}`);
  takeRoom(lowering, elementCount(weights.dims), node);
  const all = Uint32Array.from({ length: channels }, (_, c) => c);
  const columns = { type: 'convolution', weights: takeBlock(weights, false, 1, all), window: POINTWISE, groups: 1 } as const;
  const { value, operator } = inPartsOrder(stored, columns, outputs, node, lowering);
  const shape = checkShape({ channels: outputs, height, width }, node);
  const { terms, bias } = convolveParts(value, operator, outputs, node, lowering);
  const dims = value.dims.with(-1, outputs);
  return plainValue(dims, [{ kind: 'sum', name: node.name, shape, terms, bias, pools: [] }], value.axes);
}

/** Weights [outputs][positions] of the features at the given positions, times alpha. */
function takeBlock({ dims, data }: Tensor, transposed: boolean, alpha: number, positions: Uint32Array): Float32Array {
  const outputs = transposed ? dims[0] : dims[1];
  const features = transposed ? dims[1] : dims[0];
  const count = positions.length;
  const block = new Float32Array(outputs * count);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < count; i++) {
      block[o * count + i] = alpha * (transposed ? data[o * features + positions[i]] : data[positions[i] * outputs + o]);
    }
  }
  return block;
}

/** Multiplies each column of weights by its feature's factor; gives what the features' offsets add to each output. */
function takeFeatures(block: Float32Array, { factors, offsets }: Features, positions: Uint32Array): Float64Array {
  const count = positions.length;
  const bias = new Float64Array(block.length / count);
  for (let i = 0; i < block.length; i++) {
    const feature = positions[i % count];
    bias[Math.floor(i / count)] += block[i] * offsets[feature];
    block[i] *= factors[feature];
  }
  return bias;
}

const isGiven = (node: Node, index: number): boolean => Boolean(node.inputs[index]);

function asReal(tensor: Tensor, node: Node): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  throw cannot(node, 'integer weights', 'export the model in float32; quantisation is done here');
}

/** A bias of one number, or of one an output, also where every image of a batch has the same. */
function biasOf({ dims, data }: Tensor, outputs: number, node: Node): Float64Array {
  if (data.length === 1) return new Float64Array(outputs).fill(data[0]);
  if (dims.length === 2 && dims[0] > 1 && dims[1] === outputs) {
    const same = data.every((b: number, i: number) => b === data[i % outputs]);
    if (!same) throw cannot(node, 'a bias that differs between the images of a batch', 'export the model with a batch of 1');
    return Float64Array.from(data.subarray(0, outputs));
  }
  if (data.length !== outputs || dims.at(-1) !== outputs) throw badShape(node, `a bias ${dims.join('×')} for ${outputs} outputs`);
  return Float64Array.from(data);
}

function sumValue(node: Node, dims: readonly number[], shape: Part['shape'], { terms, bias }: Summands, own?: Float64Array): Value {
  const value = plainValue(dims, [{ kind: 'sum', name: node.name, shape, terms, bias, pools: [] }]);
  return own ? addBias(value, own) : value;
}

/** Adds one number a channel to a value of one sum. */
function addBias(value: Value, bias: Float64Array): Value {
  const [part] = value.parts;
  if (part.kind !== 'sum') return value;
  return { ...value, parts: [{ ...part, bias: part.bias.map((b, o) => b + bias[o]) }] };
}
