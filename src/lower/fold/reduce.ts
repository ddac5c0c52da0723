/** Reductions of constants over axes: norms and means of stored weights. */

import { integerAttribute, integersAttribute } from '../../graph/attributes.ts';
import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { constantInput } from '../inputs.ts';
import { badShape, type Lowering, takeRoom } from '../lowering.ts';

/** How values are gathered, from what start, and what is made of the gathered one. */
interface Reduction {
  readonly start: number;
  readonly add: (sum: number, x: number) => number;
  readonly end?: (sum: number, count: number) => number;
}

const reduction =
  ({ start, add, end = (sum) => sum }: Reduction) =>
  (node: Node, lowering: Lowering): Tensor => {
    const x = constantInput(node, 0, lowering);
    if (!x) throw badShape(node, 'input 0 is left out');
    const axes = reducedAxes(node, x, lowering);
    const kept = x.dims.map((d, axis) => (axes.has(axis) ? 1 : d));
    takeRoom(lowering, elementCount(kept), node);
    const sums = new Float64Array(elementCount(kept)).fill(start);
    for (let i = 0; i < x.data.length; i++) {
      const at = placeIn(kept, x.dims, i);
      sums[at] = add(sums[at], x.data[i]);
    }
    const count = x.data.length / sums.length;
    // a sum of reals is an f32 as they are, before anything is made of it: a norm whose squares exceed one is infinite
    const gathered = x.type === 'real' ? Float32Array.from(sums) : sums;
    const data = gathered.map((sum) => end(sum, count));
    const dims = integerAttribute(node, 'keepdims', 1) ? kept : x.dims.filter((_, axis) => !axes.has(axis));
    return { dims, type: x.type, data };
  };

/** Reductions by operator. */
export const REDUCTIONS: Readonly<Record<string, (node: Node, lowering: Lowering) => Tensor>> = {
  ReduceL1: reduction({ start: 0, add: (sum, x) => sum + Math.abs(x) }),
  ReduceL2: reduction({ start: 0, add: (sum, x) => sum + x * x, end: Math.sqrt }),
  ReduceMax: reduction({ start: Number.NEGATIVE_INFINITY, add: Math.max }),
  ReduceMean: reduction({ start: 0, add: (sum, x) => sum + x, end: (sum, count) => sum / count }),
  ReduceMin: reduction({ start: Number.POSITIVE_INFINITY, add: Math.min }),
  ReduceProd: reduction({ start: 1, add: (product, x) => product * x }),
  ReduceSum: reduction({ start: 0, add: (sum, x) => sum + x }),
  ReduceSumSquare: reduction({ start: 0, add: (sum, x) => sum + x * x }),
};

/** Axes as an input (later operator sets) or as an attribute; all where there are none, unless that means nothing to do. */
function reducedAxes(node: Node, x: Tensor, lowering: Lowering): Set<number> {
  const rank = x.dims.length;
  const tensor = constantInput(node, 1, lowering);
  const given = tensor ? Array.from(tensor.data) : integersAttribute(node, 'axes');
  if (!given?.length) return new Set(integerAttribute(node, 'noop_with_empty_axes', 0) ? [] : x.dims.keys());
  const axes = given.map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes.some((axis) => !(axis >= 0 && axis < rank))) throw badShape(node, `axes [${given}] of ${rank} dimensions`);
  return new Set(axes);
}

/** Where element i of a tensor falls in one whose reduced dims are 1. */
function placeIn(kept: readonly number[], dims: readonly number[], i: number): number {
  let [at, rest, stride] = [0, i, 1];
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (kept[axis] !== 1) at += (rest % dims[axis]) * stride;
    rest = Math.floor(rest / dims[axis]);
    stride *= kept[axis];
  }
  return at;
}
