/** MaxPool, AveragePool, their global forms, and ReduceMean and ReduceMax over height and width. */

import type { AnnPool, Window } from '../../ann/ann.ts';
import { integerAttribute, integersAttribute } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { constantInput, orderedInput, withoutBorder } from '../inputs.ts';
import { badShape, cannot, checkShape, type Lowering, type LowerOperator } from '../lowering.ts';
import { averagePart } from '../parts/average.ts';
import { addPool, asSum, isNonNegative } from '../parts/layers.ts';
import { maximumOfSource, passesMaximum } from '../parts/maximum.ts';
import { POINTWISE } from '../parts/terms.ts';
import { readWindow } from '../parts/window.ts';
import { hasBias, hasPads, NO_PADS, type Pads, type Part, partShape, type Value, type WaitingPool, zeroSum } from '../value.ts';

/** Maximum over windows; padding is never the maximum (the border of a Pad node is, but on what is not below 0 that is the same). */
export const lowerMaxPool: LowerOperator = (node, lowering) => {
  const value = orderedInput(node, 0, lowering);
  if (value.dims.length !== 4) throw badShape(node, `a pool over ${value.dims.length} dimensions`);
  if (integerAttribute(node, 'storage_order', 0) !== 0) throw cannot(node, 'storage_order = 1', 'export with storage_order = 0');
  if (hasPads(value.pads) && !value.parts.every((p) => p.kind === 'finished' && isNonNegative(p.source, lowering))) {
    throw cannot(node, 'a zero border around what may be below 0', 'put a ReLU before Pad, or use the padding of the pool');
  }
  const { window, output } = readWindow(node, partShape(value.parts[0]), value.pads);
  checkPoolPads(node, window);
  return poolValue(node, 'max', window, output, NO_PADS, value, lowering);
};

/** Mean over windows; zero padding counts where count_include_pad says so, the border of a Pad node always. */
export const lowerAveragePool: LowerOperator = (node, lowering) => {
  const value = orderedInput(node, 0, lowering);
  if (value.dims.length !== 4) throw badShape(node, `a pool over ${value.dims.length} dimensions`);
  const { window, output, pads } = readWindow(node, partShape(value.parts[0]), value.pads);
  checkPoolPads(node, window);
  const counted = integerAttribute(node, 'count_include_pad', 0) !== 0 ? pads : value.pads;
  return poolValue(node, 'average', window, output, counted, value, lowering);
};

/** The mean over the whole map. */
export const lowerGlobalAveragePool: LowerOperator = (node, lowering) => reduceAxes(node, 'average', [2, 3], true, lowering);

/** The maximum over the whole map. */
export const lowerGlobalMaxPool: LowerOperator = (node, lowering) => reduceAxes(node, 'max', [2, 3], true, lowering);

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
  const whole = rank === 3 && reduced.has(2);
  if ([...reduced].some((a) => a < 2 || a >= rank) || (rank !== 4 && !whole)) {
    throw cannot(node, `axes [${axes}] of ${rank} dimensions`, 'only height and width can be reduced');
  }
  const first = partShape(value.parts[0]);
  const kernel = [whole || reduced.has(2) ? first.height : 1, whole || reduced.has(3) ? first.width : 1] as const;
  const output = [first.height / kernel[0], first.width / kernel[1]] as const;
  const dims = value.dims.map((d, i) => (reduced.has(i) ? 1 : d)).filter((_, i) => keep || !reduced.has(i));
  const pooled = poolValue(node, mode, { ...POINTWISE, kernel }, output, NO_PADS, value, lowering);
  return { ...pooled, dims };
}

/** @param counted of the window's padding, what an average's divisor counts */
function poolValue(
  node: Node,
  mode: AnnPool['mode'],
  window: Window,
  output: readonly [number, number],
  counted: Pads,
  value: Value,
  lowering: Lowering,
): Value {
  const several = value.parts.length > 1;
  const parts = value.parts.map((part, k): Part => {
    const shape = checkShape({ channels: partShape(part).channels, height: output[0], width: output[1] }, node);
    const name = several ? `${node.name}:${k}` : node.name;
    if (part.kind === 'sum' && part.terms.length === 0 && !hasBias(part)) return zeroSum(part.name, shape);
    if (mode === 'max') return maximumPart(part, { name, window, shape }, lowering);
    return averagePart(part, { name, window, shape, counted }, node, lowering);
  });
  return { ...value, dims: [...value.dims.slice(0, 2), ...output], parts, pads: NO_PADS };
}

/** The maximum of a sum waits for its ReLU, unless it may change places with the sum at once. */
function maximumPart(part: Part, pool: WaitingPool, lowering: Lowering): Part {
  if (part.kind === 'finished' && isNonNegative(part.source, lowering)) {
    return addPool(part.source, { ...pool, mode: 'max', countIncludePad: false }, lowering);
  }
  const sum = asSum(part, pool.name);
  return passesMaximum(sum, lowering) ? maximumOfSource(sum, pool, lowering) : { ...sum, pools: [...sum.pools, pool] };
}

/** A window that lies in the padding alone has no maximum and no mean. */
function checkPoolPads(node: Node, { kernel, pads, dilation }: Window): void {
  const reach = [0, 1].map((axis) => dilation[axis] * (kernel[axis] - 1) + 1);
  if (pads.some((p, i) => p >= reach[i % 2])) {
    throw cannot(node, `padding [${pads}] as wide as the window`, 'use padding smaller than the window', 'unsupported-shape');
  }
}
