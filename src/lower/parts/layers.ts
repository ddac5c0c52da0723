/** Making layers of an `Ann` out of parts. */

import { type AnnPool, INPUT, type Shape, type Window } from '../../ann/ann.ts';
import type { Lowering } from '../lowering.ts';
import type { Finished, Part, Sum } from '../value.ts';
import { identity } from './terms.ts';

/** Whether a source is never below zero. */
export function isNonNegative(source: number, lowering: Lowering): boolean {
  if (source === INPUT) return false;
  const layer = lowering.layers[source];
  return layer.kind === 'pool' ? isNonNegative(layer.source, lowering) : true;
}

/** A part as a sum: a finished one is its own single summand. */
export function asSum(part: Part, name: string): Sum {
  if (part.kind === 'sum') return part;
  const { channels } = part.shape;
  const terms = [{ source: part.source, operator: identity(channels) }];
  return { kind: 'sum', name, shape: part.shape, terms, bias: new Float64Array(channels), pools: [] };
}

/** Adds a layer of ReLU neurons over a sum (its waiting pools left aside). */
export function addNeurons(sum: Sum, name: string, ceiling: number, lowering: Lowering): Finished {
  const { shape, terms, bias } = sum;
  const source = lowering.layers.push({ kind: 'neurons', name, shape, terms, bias: Float32Array.from(bias), ceiling }) - 1;
  return { kind: 'finished', source, shape };
}

/** Adds a pool layer, or finds the equal one that is there. */
export function addPool(
  source: number,
  pool: { name: string; mode: AnnPool['mode']; window: Window; countIncludePad: boolean; shape: Shape },
  lowering: Lowering,
): Finished {
  const key = JSON.stringify([source, pool.mode, pool.window, pool.countIncludePad]);
  const known = lowering.pools.get(key);
  const index = known ?? lowering.layers.push({ kind: 'pool', source, ...pool }) - 1;
  lowering.pools.set(key, index);
  return { kind: 'finished', source: index, shape: pool.shape };
}
