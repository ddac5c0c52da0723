/** One factor and one offset a channel: BatchNormalization, and Add, Sub, Mul, Div with a constant. */

import { integerAttribute, numberAttribute } from '../../graph/attributes.ts';
import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { dataInput, isActivation, orderedInput, weightInput, withoutBorder } from '../inputs.ts';
import { badShape, cannot, type Lowering, type LowerOperator, takeRoom } from '../lowering.ts';
import { channelAlong, describe, runsOver, sizesOf } from '../parts/axes.ts';
import { asSum } from '../parts/layers.ts';
import { scaleOutputs } from '../parts/terms.ts';
import { channelCount, type Part, partShape, type Sum, type Value } from '../value.ts';

/** ONNX BatchNormalization with stored statistics: (x − mean) / √(variance + ε) · scale + offset. */
export const lowerBatchNormalization: LowerOperator = (node, lowering) => {
  if (isTraining(node, lowering)) throw cannot(node, 'training mode', 'call model.eval() before export');
  if (integerAttribute(node, 'spatial', 1) === 0) throw cannot(node, 'spatial = 0', 'normalise by channel');
  const value = withoutBorder(orderedInput(node, 0, lowering), node, lowering);
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map((i) => weightInput(node, i, lowering).data);
  const channels = channelCount(value);
  if (!runsOver(value, 1, 'c'))
    throw cannot(node, `${describe(value)}, which has no channels at axis 1`, 'put a Transpose before it');
  if ([scale, offset, mean, variance].some((d) => d.length !== channels)) {
    throw badShape(node, `statistics of ${scale.length} channels on ${channels}`);
  }
  const epsilon = numberAttribute(node, 'epsilon', 1e-5);
  const factors = Float64Array.from(scale, (s, c) => s / Math.sqrt(variance[c] + epsilon));
  if (!factors.every(Number.isFinite)) throw badShape(node, 'a variance below zero');
  const offsets = Float64Array.from(offset, (o, c) => o - mean[c] * factors[c]);
  return scaleChannels(value, factors, offsets, node, lowering);
};

/** Whether it takes the batch's own statistics: an attribute says so from opset 14 on; before, that it has outputs for them. */
function isTraining(node: Node, { graph }: Lowering): boolean {
  if (graph.opset >= 14) return integerAttribute(node, 'training_mode', 0) !== 0;
  return node.outputs.filter((output) => output !== '').length > 1;
}

/** x · constant. */
export const lowerMul: LowerOperator = (node, lowering) => {
  const { value, constant } = dataAndConstant(node, 'a product of two activations', lowering);
  return scaleChannels(value, perChannel(constant, value, node), zeros(value), node, lowering);
};

/** x / constant. */
export const lowerDiv: LowerOperator = (node, lowering) => {
  const { value, constant, first } = dataAndConstant(node, 'a quotient of two activations', lowering);
  if (!first) throw cannot(node, 'a constant divided by activations', 'activations may only be divided by constants');
  const factors = perChannel(constant, value, node).map((x) => 1 / x);
  if (!factors.every(Number.isFinite)) throw badShape(node, 'a division by zero');
  return scaleChannels(value, factors, zeros(value), node, lowering);
};

/** x + constant. */
export function addConstant(value: Value, constant: Tensor, sign: 1 | -1, node: Node, lowering: Lowering): Value {
  const offsets = perChannel(constant, value, node).map((x) => sign * x);
  return scaleChannels(value, ones(value), offsets, node, lowering);
}

/** −x. */
export const negate = (value: Value, node: Node, lowering: Lowering): Value =>
  scaleChannels(value, ones(value).fill(-1), zeros(value), node, lowering);

/** Every channel times its factor, plus its offset, both in the tensor's order. Throws where a max pool waits for its ReLU. */
export function scaleChannels(value: Value, factors: Float64Array, offsets: Float64Array, node: Node, lowering: Lowering): Value {
  if (factors.length !== channelCount(value)) throw notPerChannel(node);
  const stored = [factors, offsets].map((numbers) => toStored(numbers, value));
  let from = 0;
  const parts = value.parts.map((part): Sum => {
    const to = from + partShape(part).channels;
    const scaled = scalePart(part, stored[0].subarray(from, to), stored[1].subarray(from, to), node, lowering);
    from = to;
    return scaled;
  });
  return { ...value, parts };
}

/** One number a channel, in the order of the parts. */
function toStored(numbers: Float64Array, { order }: Value): Float64Array {
  const stored = numbers.slice();
  order?.forEach((at, channel) => {
    stored[at] = numbers[channel];
  });
  return stored;
}

function scalePart(part: Part, factors: Float64Array, offsets: Float64Array, node: Node, lowering: Lowering): Sum {
  const sum = asSum(part, node.name);
  if (sum.pools.length > 0) {
    throw cannot(node, `a scale behind the max pool "${sum.pools[0].name}" of a linear sum`, 'put a ReLU before the pool');
  }
  if (factors.every((f) => f === 1)) return { ...sum, name: node.name, bias: sum.bias.map((b, c) => b + offsets[c]) };
  for (const { operator } of sum.terms) takeRoom(lowering, operator.weights.length, node);
  const terms = sum.terms.map(({ source, operator }) => ({ source, operator: scaleOutputs(operator, factors) }));
  return { ...sum, name: node.name, terms, bias: sum.bias.map((b, c) => b * factors[c] + offsets[c]) };
}

/** The one activation and the one constant of a node with two inputs. */
function dataAndConstant(node: Node, both: string, lowering: Lowering) {
  const first = isActivation(node, 0, lowering);
  if (first && isActivation(node, 1, lowering)) throw cannot(node, both, 'gates and attention have no spike rate; leave them out');
  const value = dataInput(node, first ? 0 : 1, lowering);
  return { value, constant: weightInput(node, first ? 1 : 0, lowering), first };
}

/** A constant as one number a channel. Throws where it differs within a map, or would make the tensor larger. */
function perChannel({ dims, data, type }: Tensor, value: Value, node: Node): Float64Array {
  if (type === 'integer') throw cannot(node, 'arithmetic on whole numbers', 'cast the pixels to float32 first');
  const channels = channelCount(value);
  const rank = value.dims.length;
  if (dims.length <= rank && elementCount(dims) === 1) return new Float64Array(channels).fill(data[0]);
  const own = [...new Array<number>(Math.max(0, rank - dims.length)).fill(1), ...dims];
  if (own.length > rank || own.some((d, i) => d !== 1 && d !== value.dims[i]) || !sizesOf(value)) throw notPerChannel(node, dims);
  const along = own.map((d, i) => (d === 1 ? () => 0 : channelAlong(value, i)));
  if (channels > 1 && !own.some((d, i) => d > 1 && value.axes[i].includes('c'))) throw notPerChannel(node, dims);
  const numbers = new Float64Array(channels).fill(Number.NaN);
  data.forEach((x: number, index: number) => {
    let channel = 0;
    for (let i = rank - 1, rest = index; i >= 0; rest = Math.floor(rest / own[i--])) channel += along[i](rest % own[i]);
    if (numbers[channel] !== x && !Number.isNaN(numbers[channel])) throw differsInMap(node, dims);
    numbers[channel] = x;
  });
  return numbers;
}

const differsInMap = (node: Node, dims: readonly number[]) =>
  cannot(
    node,
    `a constant [${dims.join(', ')}] that differs from place to place, as a mean image does, and is not one number a channel`,
    'take the mean of each channel in its place',
  );

const notPerChannel = (node: Node, dims?: readonly number[]) =>
  cannot(
    node,
    `a constant ${dims ? `[${dims.join(', ')}] ` : ''}that is not one number a channel`,
    'use one number, or one a channel',
  );

const zeros = (value: Value) => new Float64Array(channelCount(value));
const ones = (value: Value) => new Float64Array(channelCount(value)).fill(1);
