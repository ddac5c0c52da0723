/** Making layers of an `Ann` out of parts. */

import { type AnnNeurons, type AnnPool, INPUT, type Shape, type Window } from '../../ann/ann.ts';
import type { Lowering } from '../lowering.ts';
import type { Finished, Part, Sum } from '../value.ts';
import { identity } from './terms.ts';

/** `bits` of a layer that rounds to whole numbers and whose bounds are not known yet (`rounded`). None is left in the end. */
export const BOUNDLESS = 0;

/** Whether a source is never below zero: neurons, or pools over them. */
export function isNonNegative(source: number, lowering: Lowering): boolean {
  const base = baseOf(source, lowering);
  if (base === INPUT) return false;
  const layer = lowering.layers[base];
  return layer.kind !== 'neurons' || layer.bits !== BOUNDLESS;
}

/** The first layer below pools, which is kept: pools may be thousands, one over the other. */
function baseOf(source: number, { layers, bases }: Lowering): number {
  let base = source;
  for (let layer = layers[base]; base !== INPUT && layer.kind === 'pool'; layer = layers[base]) {
    base = bases.get(base) ?? layer.source;
  }
  bases.set(source, base);
  return base;
}

/** A part as a sum: a finished one is its own single summand. */
export function asSum(part: Part, name: string): Sum {
  if (part.kind === 'sum') return part;
  const { channels } = part.shape;
  const terms = [{ source: part.source, operator: identity(channels) }];
  return { kind: 'sum', name, shape: part.shape, terms, bias: new Float64Array(channels), pools: [] };
}

/** Adds a layer of ReLU neurons over a sum (its waiting pools left aside). @param bits of a quantised activation */
export function addNeurons(sum: Sum, name: string, ceiling: number, lowering: Lowering, bits?: number): Finished {
  const { shape, terms, bias } = sum;
  const rounding = bits === undefined ? {} : { bits };
  const layer: AnnNeurons = { kind: 'neurons', name, shape, terms, bias: Float32Array.from(bias), ceiling, ...rounding };
  return { kind: 'finished', source: lowering.layers.push(layer) - 1, shape };
}

/** The same with the max pools behind it that waited for its ReLU. */
export const activateSum = (sum: Sum, name: string, ceiling: number, lowering: Lowering, bits?: number): Finished =>
  sum.pools.reduce<Finished>(
    (from, pool) => addPool(from.source, { ...pool, mode: 'max', countIncludePad: false }, lowering),
    addNeurons(sum, name, ceiling, lowering, bits),
  );

/** A pool, before it has a source. */
export interface Pool {
  readonly name: string;
  readonly mode: AnnPool['mode'];
  readonly window: Window;
  readonly countIncludePad: boolean;
  readonly shape: Shape;
}

/**
 * Adds a pool layer, or finds the equal one that is there. The source must not be the input. Over an average pool two averages become
 * one where their windows allow it; else neurons stand between (specification, section 7).
 */
export function addPool(source: number, pool: Pool, lowering: Lowering): Finished {
  const below = lowering.layers[source];
  if (below.kind === 'pool' && below.mode === 'average') {
    const window = pool.mode === 'average' ? mergeAverages(below.window, pool.window) : undefined;
    if (window) return addPool(below.source, { ...pool, window }, lowering);
    return addPool(copyOf(source, `${pool.name}/average`, lowering), pool, lowering);
  }
  const key = JSON.stringify([source, pool.mode, pool.window, pool.countIncludePad]);
  const known = lowering.pools.get(key);
  const index = known ?? lowering.layers.push({ kind: 'pool', source, ...pool }) - 1;
  lowering.pools.set(key, index);
  return { kind: 'finished', source: index, shape: pool.shape };
}

/** The window of the mean of means, where the inner windows lie side by side and nothing is padded. */
function mergeAverages(inner: Window, outer: Window): Window | undefined {
  const plain = [inner, outer].every(({ pads, dilation }) => [...pads, dilation[0] - 1, dilation[1] - 1].every((p) => p === 0));
  const beside = ([0, 1] as const).every((axis) => outer.kernel[axis] === 1 || inner.stride[axis] === inner.kernel[axis]);
  if (!plain || !beside) return undefined;
  const kernel = (axis: 0 | 1) => (outer.kernel[axis] - 1) * inner.stride[axis] + inner.kernel[axis];
  const stride = (axis: 0 | 1) => inner.stride[axis] * outer.stride[axis];
  return { ...inner, kernel: [kernel(0), kernel(1)], stride: [stride(0), stride(1)] };
}

/** Neurons that give what their source gives, which is not below zero; made once. */
function copyOf(source: number, name: string, lowering: Lowering): number {
  const key = `copy of ${source}`;
  const { shape } = lowering.layers[source];
  const copy =
    lowering.pools.get(key) ??
    addNeurons(asSum({ kind: 'finished', source, shape }, name), name, Number.POSITIVE_INFINITY, lowering).source;
  lowering.pools.set(key, copy);
  return copy;
}
