/** Add, Sum, Sub and Concat: joins of several tensors. */

import type { AnnTerm } from '../../ann/ann.ts';
import { integerAttribute } from '../../graph/attributes.ts';
import type { Node, Tensor } from '../../graph/graph.ts';
import { constantInput, dataInput, isActivation, orderedInput, weightInput, withoutBorder } from '../inputs.ts';
import { badShape, cannot, checkShape, type Lowering, type LowerOperator, plainValue, takeRoom } from '../lowering.ts';
import { describe, orderOf, runsOver, sameAxes, sizesOf } from '../parts/axes.ts';
import { asSum } from '../parts/layers.ts';
import { withoutPools } from '../parts/maximum.ts';
import { settleOrder } from '../parts/pick.ts';
import { arrangeOutputs, densify, inputChannels } from '../parts/terms.ts';
import { channelCount, type Part, partShape, type Sum, type Value, zeroSum } from '../value.ts';
import { addConstant, negate, scaleBy } from './scale.ts';

/** Add of two and Sum of any number of tensors; constants among them are biases. */
export const lowerAdd: LowerOperator = (node, lowering) => lowerSum(node, lowering);

function lowerSum(node: Node, lowering: Lowering): Value {
  const indices = node.inputs.map((_, i) => i);
  const values = indices.filter((i) => isActivation(node, i, lowering)).map((i) => dataInput(node, i, lowering));
  const constants = indices.filter((i) => !isActivation(node, i, lowering)).map((i) => weightInput(node, i, lowering));
  const sum = values.length === 1 ? values[0] : addValues(values, node, lowering);
  return constants.reduce<Value>((value, constant) => addConstant(value, constant, 1, node, lowering), sum);
}

/** The mean of any number of tensors: their sum, divided. */
export const lowerMean: LowerOperator = (node, lowering) =>
  scaleBy(1 / node.inputs.length, lowerSum(node, lowering), node, lowering);

/** x − y; one of both may be a constant. */
export const lowerSub: LowerOperator = (node, lowering) => {
  const [left, right] = [isActivation(node, 0, lowering), isActivation(node, 1, lowering)];
  if (left && right) {
    return addValues([dataInput(node, 0, lowering), negate(dataInput(node, 1, lowering), node, lowering)], node, lowering);
  }
  if (left) return addConstant(dataInput(node, 0, lowering), weightInput(node, 1, lowering), -1, node, lowering);
  return addConstant(negate(dataInput(node, 1, lowering), node, lowering), weightInput(node, 0, lowering), 1, node, lowering);
};

/** Concat over channels (or over features, where flattened). */
export const lowerConcat: LowerOperator = (node, lowering) => {
  const activation = (i: number) => withoutBorder(orderedInput(node, i, lowering), node, lowering);
  const like = activation(node.inputs.findIndex((_, i) => isActivation(node, i, lowering)));
  const values = node.inputs.map((name, i) => {
    if (isActivation(node, i, lowering)) return activation(i);
    const constant = constantInput(node, i, lowering);
    if (!constant) throw badShape(node, `input ${i} ("${name}") is left out`);
    return zeroValue(constant, like, node, lowering);
  });
  const { dims } = values[0];
  const given = integerAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + dims.length : given;
  if (!(axis >= 1 && axis < dims.length)) throw cannot(node, `axis ${given}`, 'only channels can be concatenated');
  if (values.some((v) => v.dims.length !== dims.length || v.dims.some((d, i) => i !== axis && d !== dims[i]))) {
    throw badShape(node, `sizes ${values.map((v) => v.dims.join('×')).join(' and ')}`);
  }
  if (values.reduce((n, v) => n + v.parts.length, 0) > MAXIMUM_PARTS) throw tooMany(node, `${MAXIMUM_PARTS} parts of channels`);
  const joined = dims.with(
    axis,
    values.reduce((n, v) => n + v.dims[axis], 0),
  );
  if (dims.length === 2 && axis === 1) return joinVectors(values, joined, node, lowering);
  const axes = values.find((v) => runsOver(v, axis, 'c') && v.axes[axis] === 'c')?.axes ?? values[0].axes;
  const channels = values.every((v) => runsOver(v, axis, 'c') && sameAxes({ ...v, axes }, v));
  if (!channels) throw cannot(node, `axis ${given} of ${describe(values[0])}`, 'only channels can be concatenated');
  checkShape({ ...partShape(values[0].parts[0]), channels: joined[axis] }, node);
  return joinParts(values, joined, axes, node, lowering);
};

/** Vectors one behind another. The order of channels is kept where they are the slowest axis, else it is settled first. */
function joinVectors(values: readonly Value[], dims: readonly number[], node: Node, lowering: Lowering): Value {
  checkShape({ channels: dims[1], height: 1, width: 1 }, node);
  const order = joinedOrder(values, node);
  const settled = order.startsWith('pc') ? values : values.map((value) => settleOrder(value, node, lowering));
  return joinParts(settled, dims, ['n', order], node, lowering);
}

function joinParts(
  values: readonly Value[],
  dims: readonly number[],
  axes: readonly string[],
  node: Node,
  lowering: Lowering,
): Value {
  const parts = values.flatMap((v) => v.parts);
  return { ...plainValue(dims, parts, axes), order: joinOrders(values, node, lowering) };
}

/** The order of values in vectors one behind another. Those of several parts, flattened with the channels last, are interleaved: refused. */
function joinedOrder(values: readonly Value[], node: Node): string {
  const maps = values.filter((v) => v.parts.some((part) => partShape(part).height * partShape(part).width > 1));
  const orders = new Set(
    maps.map((v) => {
      const order = orderOf(v);
      if (order.startsWith('p')) return order;
      return v.parts.length > 1 && !order.startsWith('c') ? `interleaved ${order}` : `p${order}`;
    }),
  );
  const [order = 'pchw'] = orders;
  if (orders.size <= 1 && !order.startsWith('i')) return order;
  throw cannot(node, 'maps flattened in several orders', 'join them before they are flattened', 'unsupported-shape');
}

/** The order of all channels, one value's behind another's. */
function joinOrders(values: readonly Value[], node: Node, lowering: Lowering): number[] | undefined {
  if (values.every(({ order }) => !order)) return undefined;
  let from = 0;
  return values.flatMap((value) => {
    const channels = channelCount(value);
    takeRoom(lowering, channels, node);
    const start = from;
    from += channels;
    return Array.from({ length: channels }, (_, c) => start + (value.order?.[c] ?? c));
  });
}

/** The value as one single part, for those that cannot do with several. */
export function mergeParts(value: Value, node: Node, lowering: Lowering): Part {
  if (value.parts.length === 1) return value.parts[0];
  return mergeSums([value], node, lowering);
}

function addValues(values: readonly Value[], node: Node, lowering: Lowering): Value {
  const [first, ...others] = values;
  if (others.some((v) => v.dims.join() !== first.dims.join())) {
    throw cannot(
      node,
      `sizes ${values.map((v) => v.dims.join('×')).join(' and ')}`,
      'add tensors of equal sizes',
      'unsupported-shape',
    );
  }
  const other = others.find((v) => !sameAxes(first, v));
  if (other) throw cannot(node, `${describe(first)} and ${describe(other)}`, 'add tensors of one layout', 'unsupported-shape');
  const parting = (v: Value) => JSON.stringify(v.parts.map(partShape));
  if (others.some((v) => parting(v) !== parting(first))) {
    return plainValue(first.dims, [mergeSums(values, node, lowering)], first.axes);
  }
  const parts = first.parts.map((part, k) => {
    const summands = values.map((v) => summand(v.parts[k], node, lowering));
    return collect(node, partShape(part), summands, lowering);
  });
  return plainValue(first.dims, parts, first.axes);
}

/** The sum of values of any parting, each channel in its place by 0/1 weights. */
function mergeSums(values: readonly Value[], node: Node, lowering: Lowering): Sum {
  const channels = channelCount(values[0]);
  const { height, width } = partShape(values[0].parts[0]);
  const shape = { channels, height, width };
  const parts = values.flatMap((value) => {
    const shapes = value.parts.map(partShape);
    if (!sizesOf(value)) throw cannot(node, 'maps flattened apart', 'join them before they are flattened', 'unsupported-shape');
    if (channelCount(value) !== channels || shapes.some((s) => s.height !== height || s.width !== width)) {
      throw cannot(node, 'flattened maps of different sizes meet', 'join them before they are flattened', 'unsupported-shape');
    }
    let offset = 0;
    return value.parts.map((part) => {
      const placed = place(part, offset, channels, node, lowering);
      offset += partShape(part).channels;
      return placed;
    });
  });
  return collect(node, shape, parts, lowering);
}

/** A part among the channels of a wider sum. */
function place(part: Part, offset: number, channels: number, node: Node, lowering: Lowering): Sum {
  const sum = summand(part, node, lowering);
  const own = sum.shape.channels;
  if (own === channels) return sum;
  const order = Array.from({ length: channels }, (_, c) => (c >= offset && c < offset + own ? c - offset : -1));
  const bias = new Float64Array(channels);
  bias.set(sum.bias, offset);
  const terms = sum.terms.map(({ source, operator }): AnnTerm => {
    const inputs = inputChannels(operator, own);
    const spot = operator.type === 'identity' ? 1 : operator.window.kernel[0] * operator.window.kernel[1];
    takeRoom(lowering, channels * inputs * spot, node);
    return { source, operator: arrangeOutputs(densify(operator, own, inputs), own, order) };
  });
  return { ...sum, shape: { ...sum.shape, channels }, terms, bias };
}

/** More than any network has: a file that doubles a tensor again and again ends here. */
const MAXIMUM_TERMS = 1024;
const MAXIMUM_PARTS = 1024;
/** What a summand is charged with: it is copied into every sum that grows from it. */
const NUMBERS_A_TERM = 16;

const tooMany = (node: Node, what: string) => cannot(node, `more than ${what}`, 'put a ReLU between the joins', 'too-large');

/** One sum of all terms; identities of one source become one. */
function collect(node: Node, shape: Part['shape'], sums: readonly Sum[], lowering: Lowering): Sum {
  const summands = sums.reduce((n, s) => n + s.terms.length, 0);
  if (summands > MAXIMUM_TERMS) throw tooMany(node, `${MAXIMUM_TERMS} summands`);
  takeRoom(lowering, NUMBERS_A_TERM * summands, node);
  const terms: AnnTerm[] = [];
  const identities = new Map<number, number>();
  for (const term of sums.flatMap((s) => s.terms)) {
    const at = term.operator.type === 'identity' ? identities.get(term.source) : undefined;
    if (at !== undefined) terms[at] = addIdentities(terms[at], term);
    else {
      if (term.operator.type === 'identity') identities.set(term.source, terms.length);
      terms.push(term);
    }
  }
  const bias = new Float64Array(shape.channels);
  for (const sum of sums) for (let c = 0; c < bias.length; c++) bias[c] += sum.bias[c];
  return { kind: 'sum', name: node.name, shape, terms, bias, pools: [] };
}

const addIdentities = ({ source, operator }: AnnTerm, other: AnnTerm): AnnTerm => ({
  source,
  operator: { type: 'identity', weights: operator.weights.map((w, c) => w + other.operator.weights[c]) },
});

/** A part as a sum that no pool waits in. */
const summand = (part: Part, node: Node, lowering: Lowering): Sum => withoutPools(asSum(part, node.name), node, lowering);

/** A stored tensor of zeros among activations: padded channels. */
function zeroValue({ dims, data }: Tensor, like: Value, node: Node, lowering: Lowering): Value {
  if (data.some((x: number) => x !== 0)) throw cannot(node, 'a constant among the channels', 'only zeros can be concatenated');
  if (dims[0] !== lowering.batch || dims.length !== like.dims.length) throw badShape(node, `a constant of ${dims.join('×')}`);
  const size = (word: string) => dims[like.axes.indexOf(word)] ?? 1;
  const shape =
    dims.length === 2 ? { channels: dims[1], height: 1, width: 1 } : { channels: size('c'), height: size('h'), width: size('w') };
  return plainValue(dims, [zeroSum(node.name, checkShape(shape, node))], dims.length === 2 ? undefined : like.axes);
}
