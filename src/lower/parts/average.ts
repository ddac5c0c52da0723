/** Means over windows: pools where they can be, else sums with weights of 1/n (specification, section 7). */

import type { AnnTerm, Shape, Window } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { cannot, type Lowering, MOST_TERMS, takeRoom } from '../lowering.ts';
import { sliceMap } from '../operators/crop.ts';
import { hasBias, hasPads, type Pads, type Part, partShape, type Sum } from '../value.ts';
import { convolvePart } from './compose.ts';
import { addNeurons, addPool, asSum, isNonNegative } from './layers.ts';
import { withoutPools } from './maximum.ts';
import { settle } from './settle.ts';
import { depthwise, inputChannels, isPointwise, kernelArea, POINTWISE, scaleOutputs } from './terms.ts';
import { clipWindow } from './window.ts';

/** An average pool, before it has a source. */
export interface Average {
  readonly name: string;
  readonly window: Window;
  readonly shape: Shape;
  /** Of the window's padding, what the divisor counts. */
  readonly counted: Pads;
}

/** Neighbouring outputs along an axis that have the same divisor. */
interface Run {
  readonly start: number;
  readonly count: number;
  readonly places: number;
}

/** The mean over windows of a part. */
export function averagePart(part: Part, average: Average, node: Node, lowering: Lowering): Part {
  const { height, width } = partShape(part);
  takeRoom(lowering, average.shape.height + average.shape.width, node);
  const rows = runs(0, height, average);
  const columns = runs(1, width, average);
  const places = rows.length * columns.length;
  if (2 * places > MOST_TERMS && rows.length > 1 && columns.length > 1) {
    const tall = averagePart(part, alongOne(0, average, { height: average.shape.height, width }), node, lowering);
    return averagePart(tall, alongOne(1, average, average.shape), node, lowering);
  }
  if (2 * places > MOST_TERMS) {
    throw cannot(node, `an average with ${places} divisors`, 'export with count_include_pad = 1, or with less padding');
  }
  // divisors are of the file's window, sums of what can lie on the map
  const window = clipWindow(node, average.window, partShape(part), [average.shape.height, average.shape.width]);
  const clipped = { ...average, window };
  if (places > 1) return varyingMean(part, clipped, rows, columns, node, lowering);
  const factor = kernelArea(window) / (rows[0].places * columns[0].places);
  return scaled(plainMean(part, clipped, node, lowering), factor, average.name);
}

function runs(axis: 0 | 1, extent: number, { window, shape, counted }: Average): Run[] {
  const [pad, stride, dilation] = [window.pads[axis], window.stride[axis], window.dilation[axis]];
  const found: Run[] = [];
  for (let at = 0; at < (axis === 0 ? shape.height : shape.width); at++) {
    const before = (edge: number) => Math.min(window.kernel[axis], Math.max(0, Math.ceil((edge - at * stride + pad) / dilation)));
    const places = before(extent + counted[axis + 2]) - before(-counted[axis]);
    const last = found.at(-1);
    if (last?.places === places) found[found.length - 1] = { ...last, count: last.count + 1 };
    else found.push({ start: at, count: 1, places });
  }
  return found;
}

/** The same average along one axis. */
function alongOne(axis: 0 | 1, { name, window, shape, counted }: Average, size: { height: number; width: number }): Average {
  const one = <T extends readonly number[]>(list: T, neutral: number): T =>
    list.map((value, i) => (i % 2 === axis ? value : neutral)) as readonly number[] as T;
  const { kernel, stride, pads, dilation } = window;
  return {
    name: axis === 0 ? `${name}/rows` : name,
    window: { kernel: one(kernel, 1), stride: one(stride, 1), pads: one(pads, 0), dilation: one(dilation, 1) },
    shape: { ...shape, height: size.height, width: size.width },
    counted: one(counted, 0),
  };
}

const scaled = (part: Part, factor: number, name: string): Part => {
  if (factor === 1) return part;
  const sum = asSum(part, name);
  const factors = new Float32Array(sum.shape.channels).fill(factor);
  const terms = sum.terms.map(({ source, operator }) => ({ source, operator: scaleOutputs(operator, factors) }));
  return { ...sum, terms, bias: sum.bias.map((b) => b * factor) };
};

/** The sum over each window, divided by the kernel's places. */
function plainMean(part: Part, { name, window, shape }: Average, node: Node, lowering: Lowering): Part {
  const pool = { name, mode: 'average', window, countIncludePad: true, shape } as const;
  if (part.kind === 'finished' && isNonNegative(part.source, lowering)) return addPool(part.source, pool, lowering);
  if (part.kind === 'sum' && passesMean(part, window, lowering)) {
    const terms = part.terms.map(({ source, operator }, k) => {
      const channels = inputChannels(operator, shape.channels);
      const own = { ...pool, name: part.terms.length > 1 ? `${name}/${k}` : name, shape: { ...shape, channels } };
      return { source: addPool(source, own, lowering).source, operator };
    });
    return { ...part, shape, terms };
  }
  const { channels } = shape;
  const summands = convolvePart(part, depthwise(channels, window, 1 / kernelArea(window)), channels, node, lowering);
  return { kind: 'sum', name, shape, ...summands, pools: [] };
}

/** Whether the mean of the sum is the sum of means of its sources, each of which has a pool. */
const passesMean = (sum: Sum, window: Window, lowering: Lowering): boolean =>
  sum.pools.length === 0 &&
  !(hasPads(window.pads) && hasBias(sum)) &&
  sum.terms.every(({ source, operator }) => isNonNegative(source, lowering) && isPointwiseOperator(operator));

const isPointwiseOperator = (operator: AnnTerm['operator']): boolean =>
  operator.type === 'identity' || isPointwise(operator.window);

/** Where the divisor varies: one layer of means for each run of rows and columns that share it, each in its place. */
function varyingMean(
  part: Part,
  { name, window, shape }: Average,
  rows: readonly Run[],
  columns: readonly Run[],
  node: Node,
  lowering: Lowering,
): Sum {
  const { channels } = shape;
  const bias = new Float64Array(channels);
  const terms = apart(part, node, lowering).flatMap(({ source, operator }, k) => {
    const whole: Sum = { kind: 'sum', name, shape, terms: [{ source, operator: depthwise(channels, window, 1) }], bias, pools: [] };
    return rows.flatMap((row) =>
      columns.map((column): AnnTerm => {
        const strip = sliceMap(whole, rangeOf(row, shape.height), 0, node, lowering);
        const block = sliceMap(strip, rangeOf(column, shape.width), 1, node, lowering);
        const mean = asSum(scaled(block, 1 / (row.places * column.places), name), name);
        const layer = addNeurons(mean, `${name}/${k},${row.start},${column.start}`, Number.POSITIVE_INFINITY, lowering);
        const below = shape.height - row.start - row.count;
        const pads = [row.start, column.start, below, shape.width - column.start - column.count] as const;
        const placed = { ...depthwise(channels, { ...POINTWISE, pads }, 1), weights: operator.weights };
        return { source: layer.source, operator: placed };
      }),
    );
  });
  return { kind: 'sum', name, shape, terms, bias, pools: [] };
}

/** One place needs no zeros behind its kernel where the stride leads beyond the map. */
const rangeOf = ({ start, count }: Run, extent: number) => ({ start, count, step: count === 1 ? extent : 1 });

/** A part as identities of layers that are not below zero. */
function apart(part: Part, node: Node, lowering: Lowering): readonly AnnTerm[] {
  const sum = withoutPools(asSum(part, node.name), node, lowering);
  const done = sum.terms.every(({ source, operator }) => operator.type === 'identity' && isNonNegative(source, lowering));
  return done && !hasBias(sum) ? sum.terms : settle(sum, node, lowering).terms;
}
