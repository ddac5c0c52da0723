/** MaxPool, AveragePool, their global forms, and ReduceMean and ReduceMax over height and width. */

import type { AnnPool, Shape, Window } from '../../ann/ann.ts';
import { integerAttribute, integersAttribute } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { constantInput, mapInput, orderedInput, withoutBorder } from '../inputs.ts';
import { cannot, checkShape, type Lowering, type LowerOperator, plainValue } from '../lowering.ts';
import { describe, mapDims, runsOver } from '../parts/axes.ts';
import { addPool, isNonNegative } from '../parts/layers.ts';
import { isPointwise, POINTWISE } from '../parts/terms.ts';
import { readWindow, type WindowReading } from '../parts/window.ts';
import { channelCount, hasBias, hasPads, type Part, partShape, type Sum, type Value } from '../value.ts';

type Pool = Parameters<typeof addPool>[1];
type Places = Pick<WindowReading, 'window' | 'output'>;

/** Maximum over windows; padding is never the maximum (the border of a Pad node is, but on what is not below 0 that is the same). */
export const lowerMaxPool: LowerOperator = (node, lowering) => {
  const value = mapInput(node, 0, lowering);
  if (integerAttribute(node, 'storage_order', 0) !== 0) throw cannot(node, 'storage_order = 1', 'export with storage_order = 0');
  if (hasPads(value.pads) && !value.parts.every((p) => p.kind === 'finished' && isNonNegative(p.source, lowering))) {
    throw cannot(node, 'a zero border around what may be below 0', 'put a ReLU before Pad, or use the padding of the pool');
  }
  const { window, output } = readWindow(node, value);
  checkPoolPads(node, window);
  return poolValue(node, 'max', { window, output }, false, value, lowering);
};

/** Mean over windows; zero padding counts where count_include_pad says so, the border of a Pad node always. */
export const lowerAveragePool: LowerOperator = (node, lowering) => {
  const value = mapInput(node, 0, lowering);
  const { window, output, extended, ownPads } = readWindow(node, value);
  checkPoolPads(node, window);
  const counts = integerAttribute(node, 'count_include_pad', 0) !== 0;
  const border = hasPads(value.pads);
  if ((border && !counts && (ownPads || extended)) || (extended && (counts || border))) {
    throw cannot(node, 'ceil_mode or padding in part counted', 'export the pool without ceil_mode, and without Pad before it');
  }
  return poolValue(node, 'average', { window, output }, counts || border || !hasPads(window.pads), value, lowering);
};

/** The mean over the whole map. */
export const lowerGlobalAveragePool: LowerOperator = (node, lowering) => poolMap(node, 'average', lowering);

/** The maximum over the whole map. */
export const lowerGlobalMaxPool: LowerOperator = (node, lowering) => poolMap(node, 'max', lowering);

function poolMap(node: Node, mode: AnnPool['mode'], lowering: Lowering): Value {
  const { dims } = mapInput(node, 0, lowering);
  return reduceAxes(node, mode, dims.length === 3 ? [2] : [2, 3], true, lowering);
}

/** ReduceMean over height, width or both. */
export const lowerReduceMean: LowerOperator = (node, lowering) => reduce(node, 'average', lowering);

/** ReduceMax over height, width or both. */
export const lowerReduceMax: LowerOperator = (node, lowering) => reduce(node, 'max', lowering);

function reduce(node: Node, mode: AnnPool['mode'], lowering: Lowering) {
  const tensor = constantInput(node, 1, lowering);
  const axes = tensor ? Array.from(tensor.data) : integersAttribute(node, 'axes');
  if (!axes) throw cannot(node, 'no axes: a mean over everything', 'reduce over height and width');
  return reduceAxes(node, mode, axes, integerAttribute(node, 'keepdims', 1) !== 0, lowering);
}

function reduceAxes(node: Node, mode: AnnPool['mode'], axes: readonly number[], keep: boolean, lowering: Lowering) {
  const value = withoutBorder(orderedInput(node, 0, lowering), node, lowering);
  const rank = value.dims.length;
  const reduced = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
  const over = ['h', 'w', 'hw', 'wh'].filter((word) => [...reduced].some((a) => runsOver(value, a, word)));
  if (![...reduced].every((a) => a >= 1 && a < rank && (value.dims[a] === 1 || over.some((word) => runsOver(value, a, word))))) {
    throw cannot(node, `axes [${axes}] of ${describe(value)}`, 'only height and width can be reduced');
  }
  const first = partShape(value.parts[0]);
  const has = (letter: string) => over.some((word) => word.includes(letter));
  const kernel = [has('h') ? first.height : 1, has('w') ? first.width : 1] as const;
  const output = [first.height / kernel[0], first.width / kernel[1]] as const;
  const left = <T>(list: readonly T[]) => list.filter((_, i) => keep || !reduced.has(i));
  const dims = value.dims.map((d, i) => (reduced.has(i) ? 1 : d));
  const parts = poolParts(node, mode, { window: { ...POINTWISE, kernel }, output }, true, value, lowering);
  return { ...value, dims: left(dims), axes: left(value.axes), parts };
}

function poolParts(
  node: Node,
  mode: AnnPool['mode'],
  { window, output }: Places,
  countIncludePad: boolean,
  value: Value,
  lowering: Lowering,
): Part[] {
  const several = value.parts.length > 1;
  return value.parts.map((part, k): Part => {
    const shape = checkShape({ channels: partShape(part).channels, height: output[0], width: output[1] }, node);
    const pool: Pool = { name: several ? `${node.name}:${k}` : node.name, mode, window, countIncludePad, shape };
    if (part.kind === 'finished') return addPool(part.source, pool, lowering);
    if (part.terms.length === 0 && !hasBias(part)) return { ...part, shape, bias: new Float64Array(shape.channels), pools: [] };
    if (mode === 'max') return { ...part, pools: [...part.pools, { name: pool.name, window, shape }] };
    return averageSum(part, pool, node, lowering);
  });
}

/** Pooled maps, the channels first. */
function poolValue(
  node: Node,
  mode: AnnPool['mode'],
  at: Places,
  countIncludePad: boolean,
  value: Value,
  lowering: Lowering,
): Value {
  const [height, width] = at.output;
  const dims = mapDims(value, { channels: channelCount(value), height, width });
  const parts = poolParts(node, mode, at, countIncludePad, value, lowering);
  return { ...plainValue(dims, parts), order: value.order };
}

/** The mean of a sum of pointwise terms is the sum of the means of their sources. */
function averageSum(sum: Sum, pool: Pool, node: Node, lowering: Lowering): Sum {
  const pointwise = sum.terms.every(({ operator }) => operator.type === 'identity' || isPointwise(operator.window));
  const biasStays = !hasPads(pool.window.pads) || !pool.countIncludePad || !hasBias(sum);
  if (sum.pools.length > 0 || !pointwise || !biasStays) {
    const what = `two linear operators without ReLU between it and "${sum.name}"`;
    throw cannot(node, what, 'put a ReLU before the pool', 'linear-without-relu');
  }
  const terms = sum.terms.map(({ source, operator }, k) => {
    const channels = sourceChannels(operator, sum.shape.channels);
    const shape: Shape = { ...pool.shape, channels };
    const name = sum.terms.length > 1 ? `${pool.name}/${k}` : pool.name;
    return { source: addPool(source, { ...pool, name, shape }, lowering).source, operator };
  });
  return { ...sum, shape: pool.shape, terms };
}

/** Channels of a pointwise term's source. */
function sourceChannels(operator: Sum['terms'][number]['operator'], outputs: number): number {
  return operator.type === 'identity' ? outputs : (operator.weights.length / outputs) * operator.groups;
}

/** A window that lies in the padding alone has no maximum and no mean. */
function checkPoolPads(node: Node, { kernel, pads, dilation }: Window): void {
  const reach = [0, 1].map((axis) => dilation[axis] * (kernel[axis] - 1) + 1);
  if (pads.some((p, i) => p >= reach[i % 2])) {
    throw cannot(node, `padding [${pads}] as wide as the window`, 'use padding smaller than the window', 'unsupported-shape');
  }
}
