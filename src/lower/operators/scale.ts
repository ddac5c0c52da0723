/** One factor and one offset a channel: BatchNormalization, and Add, Sub, Mul, Div with a constant. */

import { integerAttribute, numberAttribute } from '../../graph/attributes.ts';
import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { featureInput, isActivation, weightInput } from '../inputs.ts';
import { badShape, cannot, type Lowering, type LowerOperator, takeRoom } from '../lowering.ts';
import { channelAlong, describe, runsOver, sizesOf } from '../parts/axes.ts';
import { asSum } from '../parts/layers.ts';
import { differsInMap, mapAsTerm, mapsOf } from '../parts/maps.ts';
import { withoutPools } from '../parts/maximum.ts';
import { scaleOutputs } from '../parts/terms.ts';
import { channelCount, type Features, type Part, partShape, type Sum, type Value } from '../value.ts';

/** ONNX BatchNormalization with stored statistics: (x − mean) / √(variance + ε) · scale + offset. */
export const lowerBatchNormalization: LowerOperator = (node, lowering) => {
  if (isTraining(node, lowering)) throw cannot(node, 'training mode', 'call model.eval() before export');
  if (integerAttribute(node, 'spatial', 1) === 0) throw cannot(node, 'spatial = 0', 'normalise by channel');
  const value = featureInput(node, 0, lowering);
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map((i) => weightInput(node, i, lowering).data);
  if (!isVector(value) && !runsOver(value, 1, 'c'))
    throw cannot(node, `${describe(value)}, which has no channels at axis 1`, 'put a Transpose before it');
  const channels = isVector(value) ? value.dims[1] : channelCount(value);
  if ([scale, offset, mean, variance].some((d) => d.length !== channels)) {
    throw badShape(node, `statistics of ${scale.length} channels on ${channels}`);
  }
  const epsilon = numberAttribute(node, 'epsilon', 1e-5);
  const factors = Float64Array.from(scale, (s, c) => s / Math.sqrt(variance[c] + epsilon));
  if (!factors.every(Number.isFinite)) throw badShape(node, 'a variance below zero');
  const offsets = Float64Array.from(offset, (o, c) => o - mean[c] * factors[c]);
  noteTwins(value, mean, variance, lowering);
  return scaleChannels(value, factors, offsets, node, lowering);
};

/** Twins among the parts, and the statistics of what they stand for. */
function noteTwins(value: Value, means: Tensor['data'], variances: Tensor['data'], { settled, twins }: Lowering): void {
  if (isFeatures(value, means.length)) return;
  const [mean, variance] = [means, variances].map((numbers) => toStored(Float64Array.from(numbers), value));
  let from = 0;
  for (const part of value.parts) {
    const to = from + partShape(part).channels;
    if (part.kind === 'sum' && settled.get(part) === part && part.terms.length === 2) {
      const [on, off] = part.terms.map(({ source }) => source);
      twins.set(on, { on, off, mean: mean.slice(from, to), variance: variance.slice(from, to) });
    }
    from = to;
  }
}

/** Whether it takes the batch's own statistics: an attribute says so from opset 14 on; before, that it has outputs for them. */
function isTraining(node: Node, { graph }: Lowering): boolean {
  if (graph.opset >= 14) return integerAttribute(node, 'training_mode', 0) !== 0;
  return node.outputs.filter((output) => output !== '').length > 1;
}

/** x · constant. */
export const lowerMul: LowerOperator = (node, lowering) => {
  const { value, constant } = dataAndConstant(node, 'a product of two activations', lowering);
  const factors = perChannel(constant, value, node);
  return scaleChannels(value, factors, same(factors, 0), node, lowering);
};

/** x / constant. */
export const lowerDiv: LowerOperator = (node, lowering) => {
  const { value, constant, first } = dataAndConstant(node, 'a quotient of two activations', lowering);
  if (!first) throw cannot(node, 'a constant divided by activations', 'activations may only be divided by constants');
  const factors = perChannel(constant, value, node).map((x) => 1 / x);
  if (!factors.every(Number.isFinite)) throw badShape(node, 'a division by zero');
  return scaleChannels(value, factors, same(factors, 0), node, lowering);
};

/** x + constant, which may differ from place to place. */
export function addConstant(value: Value, constant: Tensor, sign: 1 | -1, node: Node, lowering: Lowering): Value {
  const maps = mapsOf(constant, value, node, lowering);
  if (maps) return addMaps(value, maps, sign, node, lowering);
  const offsets = perChannel(constant, value, node).map((x) => sign * x);
  return scaleChannels(value, same(offsets, 1), offsets, node, lowering);
}

/** −x. */
export const lowerNeg: LowerOperator = (node, lowering) => negate(featureInput(node, 0, lowering), node, lowering);

/** −x. */
export const negate = (value: Value, node: Node, lowering: Lowering): Value => scaleBy(-1, value, node, lowering);

/** x · factor. */
export function scaleBy(factor: number, value: Value, node: Node, lowering: Lowering): Value {
  const factors = new Float64Array(numbersOf(value)).fill(factor);
  return scaleChannels(value, factors, same(factors, 0), node, lowering);
}

/** x + offset. */
export function shiftBy(offset: number, value: Value, node: Node, lowering: Lowering): Value {
  const offsets = new Float64Array(numbersOf(value)).fill(offset);
  return scaleChannels(value, same(offsets, 1), offsets, node, lowering);
}

/** Every channel times its factor, plus its offset, both in the tensor's order. A factor that is not below zero changes places with a max pool that waits. */
export function scaleChannels(value: Value, factors: Float64Array, offsets: Float64Array, node: Node, lowering: Lowering): Value {
  if (isFeatures(value, factors.length)) return { ...value, features: scaleFeatures(value.features, factors, offsets) };
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

/** Numbers of the tensor's channels, in the order of the parts. */
export function toStored(numbers: Float64Array, { order }: Value): Float64Array {
  const stored = numbers.slice();
  order?.forEach((at, channel) => {
    stored[at] = numbers[channel];
  });
  return stored;
}

/** Whether a value is [batch, features]. */
const isVector = ({ dims, axes }: Value): boolean => dims.length === 2 && axes[0] === 'n';

/** Whether so many numbers are one a feature of a flattened map, not one a channel. */
const isFeatures = (value: Value, count: number): boolean =>
  isVector(value) && count === value.dims[1] && (value.features !== undefined || count !== channelCount(value));

const scaleFeatures = (before: Features | undefined, factors: Float64Array, offsets: Float64Array): Features => ({
  factors: before ? factors.map((f, i) => f * before.factors[i]) : factors,
  offsets: before ? offsets.map((o, i) => o + factors[i] * before.offsets[i]) : offsets,
});

/** How many numbers scale a value: one a channel, or where each feature has its own already, one a feature. */
const numbersOf = (value: Value): number => (value.features ? value.dims[1] : channelCount(value));

const same = (like: Float64Array, number: number): Float64Array => new Float64Array(like.length).fill(number);

function scalePart(part: Part, factors: Float64Array, offsets: Float64Array, node: Node, lowering: Lowering): Sum {
  const own = asSum(part, node.name);
  const sum = factors.every((f) => f >= 0) ? own : withoutPools(own, node, lowering);
  if (factors.every((f) => f === 1)) return { ...sum, name: node.name, bias: sum.bias.map((b, c) => b + offsets[c]) };
  for (const { operator } of sum.terms) takeRoom(lowering, operator.weights.length, node);
  const terms = sum.terms.map(({ source, operator }) => ({ source, operator: scaleOutputs(operator, factors) }));
  return { ...sum, name: node.name, terms, bias: sum.bias.map((b, c) => b * factors[c] + offsets[c]) };
}

/** The one activation and the one constant of a node with two inputs. */
function dataAndConstant(node: Node, both: string, lowering: Lowering) {
  const first = isActivation(node, 0, lowering);
  if (first && isActivation(node, 1, lowering)) throw cannot(node, both, 'gates and attention have no spike rate; leave them out');
  const value = featureInput(node, first ? 0 : 1, lowering);
  return { value, constant: weightInput(node, first ? 1 : 0, lowering), first };
}

/**
 * A constant as one number a channel; of a vector, where it differs within a map, as one a feature. Throws where a map's would, or where it
 * would make the tensor larger.
 */
export function perChannel({ dims, data, type }: Tensor, value: Value, node: Node): Float64Array {
  if (type === 'integer') throw cannot(node, 'arithmetic on whole numbers', 'cast the pixels to float32 first');
  const rank = value.dims.length;
  if (dims.length <= rank && elementCount(dims) === 1) return new Float64Array(numbersOf(value)).fill(data[0]);
  const own = [...new Array<number>(Math.max(0, rank - dims.length)).fill(1), ...dims];
  if (own.length > rank || own.some((d, i) => d !== 1 && d !== value.dims[i])) throw notPerChannel(node, dims);
  const channels = value.features || !sizesOf(value) ? undefined : channelNumbers(own, data, value, node);
  const numbers = channels ?? (isVector(value) && own[1] > 1 ? collect(own, data, [() => 0, (entry) => entry], own[1]) : undefined);
  if (!numbers) throw sizesOf(value) ? differsInMap(node, dims) : notPerChannel(node, dims);
  return numbers;
}

/** One number a channel, of a constant with as many dims as the value; `undefined` where it differs within a map. */
function channelNumbers(dims: readonly number[], data: Tensor['data'], value: Value, node: Node): Float64Array | undefined {
  const channels = channelCount(value);
  if (channels > 1 && !dims.some((d, i) => d > 1 && value.axes[i].includes('c'))) throw notPerChannel(node, dims);
  const along = dims.map((d, i) => (d === 1 ? () => 0 : channelAlong(value, i)));
  return collect(dims, data, along, channels);
}

/** The numbers of a tensor at the places that its entries along each axis add up to; `undefined` where two of one place differ. */
function collect(
  dims: readonly number[],
  data: Tensor['data'],
  along: readonly ((entry: number) => number)[],
  count: number,
): Float64Array | undefined {
  const numbers = new Float64Array(count).fill(Number.NaN);
  for (const [index, x] of data.entries()) {
    let at = 0;
    for (let i = dims.length - 1, rest = index; i >= 0; rest = Math.floor(rest / dims[i--])) at += along[i](rest % dims[i]);
    if (numbers[at] !== x && !Number.isNaN(numbers[at])) return undefined;
    numbers[at] = x;
  }
  return numbers;
}

function addMaps(value: Value, maps: readonly Float64Array[], sign: 1 | -1, node: Node, lowering: Lowering): Value {
  const parts = value.parts.map((part, k): Sum => {
    const sum = withoutPools(asSum(part, node.name), node, lowering);
    const map = maps[k].map((x) => sign * x);
    return { ...sum, name: node.name, terms: [...sum.terms, mapAsTerm(map, sum.shape, node, lowering)] };
  });
  return { ...value, parts };
}

export const notPerChannel = (node: Node, dims?: readonly number[]) =>
  cannot(
    node,
    `a constant ${dims ? `[${dims.join(', ')}] ` : ''}that is not one number a channel`,
    'use one number, or one a channel',
  );
