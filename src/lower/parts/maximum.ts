/** Maxima of sums that may be negative and whose ReLU does not follow: made of rectifiers, max(a, b) = a + relu(b − a). */

import type { Window } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { cannot, type Lowering, MOST_TERMS, takeRoom } from '../lowering.ts';
import type { Sum, WaitingPool } from '../value.ts';
import { chainOperators } from './chain.ts';
import { addNeurons, addPool, isNonNegative } from './layers.ts';
import { settle } from './settle.ts';
import { depthwise, POINTWISE, scaleOutputs } from './terms.ts';

/** The same sum without pools that wait for its ReLU. */
export const withoutPools = (sum: Sum, node: Node, lowering: Lowering): Sum =>
  sum.pools.reduce<Sum>((below, pool) => maximum(below, pool, node, lowering), { ...sum, pools: [] });

/** Whether a maximum and the sum may change places: one source that is not below zero, factors that are not. */
export const passesMaximum = ({ terms, pools }: Sum, lowering: Lowering): boolean =>
  pools.length === 0 &&
  terms.length === 1 &&
  terms[0].operator.type === 'identity' &&
  isNonNegative(terms[0].source, lowering) &&
  terms[0].operator.weights.every((w) => w >= 0);

/** The sum of the maxima of its one source. */
export function maximumOfSource(sum: Sum, { name, window, shape }: WaitingPool, lowering: Lowering): Sum {
  const [{ source, operator }] = sum.terms;
  const pool = addPool(source, { name, mode: 'max', window, countIncludePad: false, shape }, lowering);
  return { ...sum, shape, terms: [{ source: pool.source, operator }] };
}

/** The maximum over windows, as a sum over layers of differences: along the width, then along the height. */
function maximum(sum: Sum, pool: WaitingPool, node: Node, lowering: Lowering): Sum {
  const narrow = sum.terms.every(({ operator }) => operator.type === 'identity');
  const below = narrow ? sum : settle(sum, node, lowering);
  if (passesMaximum(below, lowering)) return maximumOfSource(below, pool, lowering);
  const across = along(1, below, pool, node, lowering);
  const wide = 2 * across.terms.length + pool.window.kernel[0] > MOST_TERMS ? settle(across, node, lowering) : across;
  return { ...along(0, wide, pool, node, lowering), name: pool.name };
}

/** max over one axis: from the tap that lies on the map everywhere, one rectified difference for each of the others. */
function along(axis: 0 | 1, sum: Sum, { name, window, shape }: WaitingPool, node: Node, lowering: Lowering): Sum {
  const extent = axis === 0 ? sum.shape.height : sum.shape.width;
  const [before, dilation, stride] = [window.pads[axis], window.dilation[axis], window.stride[axis]];
  const outputs = axis === 0 ? shape.height : shape.width;
  if (2 * sum.terms.length + window.kernel[axis] > MOST_TERMS) {
    throw cannot(node, `a maximum over ${window.kernel[axis]} places of what may be negative`, 'put a ReLU before the pool');
  }
  const base = Math.ceil(before / dilation);
  const shift = base * dilation - before;
  if (base >= window.kernel[axis] || (outputs - 1) * stride + shift >= extent) {
    throw cannot(node, 'a maximum over windows of padding alone', 'put a ReLU before the pool', 'linear-without-relu');
  }
  let greatest = sum;
  for (let tap = 0; tap < window.kernel[axis]; tap++) {
    const offset = (tap - base) * dilation;
    if (offset !== 0 && Math.abs(offset) < extent)
      greatest = widen(axis, greatest, sum, offset, `${name}/${axis}${tap}`, node, lowering);
  }
  return pick(axis, greatest, { start: shift, stride, count: outputs }, node, lowering);
}

/** The maximum so far and what lies `offset` places on: where both are on the map, plus how much greater that is. */
function widen(axis: 0 | 1, greatest: Sum, sum: Sum, offset: number, name: string, node: Node, lowering: Lowering): Sum {
  const count = (axis === 0 ? sum.shape.height : sum.shape.width) - Math.abs(offset);
  const there = pick(axis, sum, { start: Math.max(0, offset), stride: 1, count }, node, lowering);
  const here = pick(axis, greatest, { start: Math.max(0, -offset), stride: 1, count }, node, lowering);
  const less = new Float32Array(sum.shape.channels).fill(-1);
  const terms = [...there.terms, ...here.terms.map(({ source, operator }) => ({ source, operator: scaleOutputs(operator, less) }))];
  const difference: Sum = { ...there, terms, bias: there.bias.map((b, c) => b - here.bias[c]) };
  const { source } = addNeurons(difference, name, Number.POSITIVE_INFINITY, lowering);
  const pads = [0, 0, 0, 0] as [number, number, number, number];
  pads[offset > 0 ? axis + 2 : axis] = Math.abs(offset);
  return {
    ...greatest,
    terms: [...greatest.terms, { source, operator: depthwise(sum.shape.channels, { ...POINTWISE, pads }, 1) }],
  };
}

/** Places along an axis. */
interface Picked {
  readonly start: number;
  readonly stride: number;
  readonly count: number;
}

/** `count` places along an axis, as a kernel that is zero but at `start`. */
function pick(axis: 0 | 1, sum: Sum, { start, stride, count }: Picked, node: Node, lowering: Lowering): Sum {
  const { channels } = sum.shape;
  const extent = axis === 0 ? sum.shape.height : sum.shape.width;
  if (stride === 1 && count === extent) return sum;
  const size = Math.max(start + 1, extent - count * stride + 1);
  takeRoom(lowering, channels * size * (1 + 2 * sum.terms.length), node);
  const window: Window = { ...POINTWISE, kernel: set([1, 1], axis, size), stride: set([1, 1], axis, stride) };
  const weights = Float32Array.from({ length: channels * size }, (_, i) => (i % size === start ? 1 : 0));
  const picking = { type: 'convolution', weights, window, groups: channels } as const;
  const terms = sum.terms.map(({ source, operator }) => ({
    source,
    operator: chainOperators(operator, picking, channels, channels),
  }));
  const shape = axis === 0 ? { ...sum.shape, height: count } : { ...sum.shape, width: count };
  return { ...sum, shape, terms };
}

const set = (pair: readonly [number, number], axis: 0 | 1, value: number): readonly [number, number] =>
  axis === 0 ? [value, pair[1]] : [pair[0], value];
