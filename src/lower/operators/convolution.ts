/** Conv, Gemm and MatMul: weighted sums with stored weights. */

import { shapeSize } from '../../ann/ann.ts';
import { integerAttribute, numberAttribute } from '../../graph/attributes.ts';
import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { constantInput, featureInput, isActivation, orderedInput, weightInput } from '../inputs.ts';
import { badShape, cannot, checkShape, type Lowering, type LowerOperator, plainValue, takeRoom } from '../lowering.ts';
import { convolvePart, convolveParts, joinSummands, type Summands } from '../parts/compose.ts';
import { convolveApart, inPartsOrder, isApart } from '../parts/grouped.ts';
import { POINTWISE } from '../parts/terms.ts';
import { readWindow } from '../parts/window.ts';
import { channelCount, type Features, type Part, partShape, type Value } from '../value.ts';

/** ONNX Conv over height and width: strides, dilations, groups, pads (a Pad node before it goes into them), bias. */
export const lowerConv: LowerOperator = (node, lowering) => {
  const stored = orderedInput(node, 0, lowering);
  const weights = weightInput(node, 1, lowering);
  if (weights.dims.length !== 4 || stored.dims.length !== 4) {
    throw cannot(node, `a convolution of rank ${weights.dims.length - 2}`, 'only convolutions over height and width are supported');
  }
  const [outputs, columns, ...kernel] = weights.dims;
  const groups = integerAttribute(node, 'group', 1);
  const channels = channelCount(stored);
  if (!(groups >= 1) || columns * groups !== channels || outputs % groups !== 0) {
    throw badShape(node, `weights ${weights.dims.join('×')} in ${groups} groups over ${channels} channels`);
  }
  const { window, output } = readWindow(node, partShape(stored.parts[0]), stored.pads, kernel);
  const shape = checkShape({ channels: outputs, height: output[0], width: output[1] }, node);
  const kernels = { type: 'convolution', weights: asReal(weights, node), window, groups } as const;
  const bias = isGiven(node, 2) ? biasOf(weightInput(node, 2, lowering), outputs, node) : new Float64Array(outputs);
  if (isApart(stored, groups)) return convolveApart(stored, kernels, bias, output, node, lowering);
  const { value, operator } = inPartsOrder(stored, kernels, outputs, node, lowering);
  const summands = convolveParts(value, operator, outputs, node, lowering);
  return sumValue(node, [value.dims[0], outputs, output[0], output[1]], shape, summands, bias);
};

/** ONNX Gemm: α·A·B + β·C with A the activations [batch, features]. */
export const lowerGemm: LowerOperator = (node, lowering) => {
  if (integerAttribute(node, 'transA', 0) !== 0) throw cannot(node, 'transA = 1', 'export the layer as a plain linear layer');
  const alpha = numberAttribute(node, 'alpha', 1);
  const beta = numberAttribute(node, 'beta', 1);
  const transposed = integerAttribute(node, 'transB', 0) !== 0;
  if (isGiven(node, 2) && isActivation(node, 2, lowering)) constantInput(node, 2, lowering);
  const value = connect(node, lowering, transposed, alpha);
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
  return connect(node, lowering, false, 1);
};

/** A fully connected layer: over each part a convolution whose kernel covers the part's whole map. */
function connect(node: Node, lowering: Lowering, transposed: boolean, alpha: number): Value {
  const value = featureInput(node, 0, lowering);
  const weights = weightInput(node, 1, lowering);
  if (value.dims.length !== 2 || weights.dims.length !== 2) {
    throw cannot(
      node,
      `a product of ranks ${value.dims.length} and ${weights.dims.length}`,
      'flatten to [batch, features] before it',
    );
  }
  const [outputs, features] = transposed ? weights.dims : [weights.dims[1], weights.dims[0]];
  if (features !== value.dims[1]) throw badShape(node, `weights for ${features} features on ${value.dims[1]}`);
  takeRoom(lowering, elementCount(weights.dims), node);
  const places = value.order && featurePlaces(value.order, value.parts);
  let from = 0;
  const each = value.parts.map((part) => {
    const shape = partShape(part);
    const size = shapeSize(shape);
    const block = takeBlock(weights, transposed, alpha, places, from, size);
    const bias = value.features ? takeFeatures(block, value.features, places, from, size) : undefined;
    from += size;
    const window = { ...POINTWISE, kernel: [shape.height, shape.width] as const };
    const summands = convolvePart(part, { type: 'convolution', weights: block, window, groups: 1 }, outputs, node, lowering);
    return bias ? joinSummands([summands, { terms: [], bias }], outputs) : summands;
  });
  const shape = checkShape({ channels: outputs, height: 1, width: 1 }, node);
  return sumValue(node, [value.dims[0], outputs], shape, joinSummands(each, outputs));
}

/** For each feature in the order of the parts, which one of the tensor it is. */
function featurePlaces(order: readonly number[], parts: readonly Part[]): Float64Array {
  const spots = parts.map(partShape).flatMap(({ channels, height, width }) => new Array<number>(channels).fill(height * width));
  const starts = new Float64Array(spots.length + 1);
  for (const [channel, spot] of spots.entries()) starts[channel + 1] = starts[channel] + spot;
  const places = new Float64Array(starts[spots.length]);
  let place = 0;
  for (const channel of order) for (let i = starts[channel]; i < starts[channel + 1]; i++) places[i] = place++;
  return places;
}

/** Weights [outputs][count] of features `from` … `from + count` of the parts, times alpha. */
function takeBlock(
  { dims, data }: Tensor,
  transposed: boolean,
  alpha: number,
  places: Float64Array | undefined,
  from: number,
  count: number,
): Float32Array {
  const outputs = transposed ? dims[0] : dims[1];
  const features = transposed ? dims[1] : dims[0];
  const block = new Float32Array(outputs * count);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < count; i++) {
      const at = places?.[from + i] ?? from + i;
      block[o * count + i] = alpha * (transposed ? data[o * features + at] : data[at * outputs + o]);
    }
  }
  return block;
}

/** Multiplies each column of weights by its feature's factor; gives what the features' offsets add to each output. */
function takeFeatures(
  block: Float32Array,
  { factors, offsets }: Features,
  places: Float64Array | undefined,
  from: number,
  count: number,
): Float64Array {
  const bias = new Float64Array(block.length / count);
  for (let i = 0; i < block.length; i++) {
    const at = from + (i % count);
    const feature = places?.[at] ?? at;
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
