/** MaxPool, AveragePool, their global forms, and ReduceMean and ReduceMax over height and width. */

import type { AnnPool, Window } from '../../ann/ann.ts';
import { integerAttribute, integersAttribute } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { constantInput, mapInput, orderedInput, withoutBorder } from '../inputs.ts';
import { cannot, checkShape, type Lowering, type LowerOperator, plainValue } from '../lowering.ts';
import { averagePart } from '../parts/average.ts';
import { describe, mapDims, runsOver } from '../parts/axes.ts';
import { addPool, asSum, isNonNegative } from '../parts/layers.ts';
import { maximumOfSource, passesMaximum } from '../parts/maximum.ts';
import { POINTWISE } from '../parts/terms.ts';
import { clipWindow, readWindow, type WindowReading } from '../parts/window.ts';
import {
  channelCount,
  hasBias,
  hasPads,
  NO_PADS,
  type Pads,
  type Part,
  partShape,
  type Value,
  type WaitingPool,
  zeroSum,
} from '../value.ts';

/** Windows, [height, width] of their outputs, and what an average's divisor counts of their padding. */
interface Places {
  readonly window: Window;
  readonly output: readonly [number, number];
  readonly counted: Pads;
}

/** Maximum over windows; padding is never the maximum (the border of a Pad node is, but on what is not below 0 that is the same). */
export const lowerMaxPool: LowerOperator = (node, lowering) => {
  const value = mapInput(node, 0, lowering);
  if (integerAttribute(node, 'storage_order', 0) !== 0) throw cannot(node, 'storage_order = 1', 'export with storage_order = 0');
  if (hasPads(value.pads) && !value.parts.every((p) => p.kind === 'finished' && isNonNegative(p.source, lowering))) {
    throw cannot(node, 'a zero border around what may be below 0', 'put a ReLU before Pad, or use the padding of the pool');
  }
  const { window, output } = readPoolWindow(node, value);
  const clipped = clipWindow(node, window, partShape(value.parts[0]), output);
  return poolValue(node, 'max', { window: clipped, output, counted: NO_PADS }, value, lowering);
};

/** Mean over windows; zero padding counts where count_include_pad says so, the border of a Pad node always. */
export const lowerAveragePool: LowerOperator = (node, lowering) => {
  const value = mapInput(node, 0, lowering);
  const { window, output, pads } = readPoolWindow(node, value);
  const counted = integerAttribute(node, 'count_include_pad', 0) !== 0 ? pads : value.pads;
  return poolValue(node, 'average', { window, output, counted }, value, lowering);
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
  const places = { window: { ...POINTWISE, kernel }, output, counted: NO_PADS };
  return { ...value, dims: left(dims), axes: left(value.axes), parts: poolParts(node, mode, places, value, lowering) };
}

function poolParts(
  node: Node,
  mode: AnnPool['mode'],
  { window, output, counted }: Places,
  value: Value,
  lowering: Lowering,
): Part[] {
  const several = value.parts.length > 1;
  return value.parts.map((part, k): Part => {
    const shape = checkShape({ channels: partShape(part).channels, height: output[0], width: output[1] }, node);
    const name = several ? `${node.name}:${k}` : node.name;
    if (part.kind === 'sum' && part.terms.length === 0 && !hasBias(part)) return zeroSum(part.name, shape);
    if (mode === 'max') return maximumPart(part, { name, window, shape }, lowering);
    return averagePart(part, { name, window, shape, counted }, node, lowering);
  });
}

/** Pooled maps, the channels first. */
function poolValue(node: Node, mode: AnnPool['mode'], places: Places, value: Value, lowering: Lowering): Value {
  const [height, width] = places.output;
  const dims = mapDims(value, { channels: channelCount(value), height, width });
  const parts = poolParts(node, mode, places, value, lowering);
  return { ...plainValue(dims, parts), order: value.order };
}

/** The maximum of a sum waits for its ReLU, unless it may change places with the sum at once. */
function maximumPart(part: Part, pool: WaitingPool, lowering: Lowering): Part {
  if (part.kind === 'finished' && isNonNegative(part.source, lowering)) {
    return addPool(part.source, { ...pool, mode: 'max', countIncludePad: false }, lowering);
  }
  const sum = asSum(part, pool.name);
  return passesMaximum(sum, lowering) ? maximumOfSource(sum, pool, lowering) : { ...sum, pools: [...sum.pools, pool] };
}

/** A pool's window. One that lies in the padding alone has no maximum and no mean; a dilated one may lie around a small map. */
function readPoolWindow(node: Node, value: Value): WindowReading {
  const reading = readWindow(node, value);
  const { window, output } = reading;
  const { kernel, stride, pads, dilation } = window;
  const { height, width } = partShape(value.parts[0]);
  const meets = ([0, 1] as const).every((axis) =>
    Array.from({ length: output[axis] }, (_, at) => at * stride[axis] - pads[axis]).every((start) => {
      const tap = Math.max(0, Math.ceil(-start / dilation[axis]));
      return tap < kernel[axis] && start + tap * dilation[axis] < (axis === 0 ? height : width);
    }),
  );
  if (!meets) {
    throw cannot(node, `padding [${pads}] as wide as the window`, 'use padding smaller than the window', 'unsupported-shape');
  }
  return reading;
}
