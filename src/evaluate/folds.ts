import type { Batch } from '../run/batch.ts';

/**
 * What an evaluation keeps of batches: sums. Each is plain data of numbers, found in one batch by a pure function, and added up by
 * `merge`; the integers among them are the same for every batch size and every order.
 */

/** Numbers, in lists and records of any depth. */
export type Sums = number | readonly Sums[] | { readonly [name: string]: Sums };

/** Adds up two sums of one form, number by number. */
export function merge<S>(a: S, b: S): S {
  return added(a as Sums, b as Sums) as S;
}

function added(a: Sums, b: Sums): Sums {
  if (typeof a === 'number') return a + (b as number);
  if (Array.isArray(a)) return a.map((v, i) => added(v, (b as readonly Sums[])[i]));
  const other = b as { readonly [name: string]: Sums };
  return Object.fromEntries(Object.entries(a).map(([name, v]) => [name, added(v, other[name])]));
}

/** Adds up what batches give. */
export interface Fold<B, S> {
  readonly add: (batch: B) => void;
  /** So far; null before the first batch. */
  readonly sums: () => S | null;
}

/** A fold over batches. @param find what one batch gives; @param before what others have given */
export function folding<B, S>(find: (batch: B) => S, before: S | null = null): Fold<B, S> {
  let sums = before;
  return {
    add: (batch) => {
      const found = find(batch);
      sums = sums === null ? found : merge(sums, found);
    },
    sums: () => sums,
  };
}

/** The sums of both, where either may be missing. */
export const mergeSome = <S extends object>(a: S | null | undefined, b: S | null | undefined): S | null =>
  a && b ? merge(a, b) : (a ?? b ?? null);

/**
 * One number for all potentials of a batch: a hash of each image's integers at all points, begun with its index, added up. Equal
 * digests of the same images, however they were batched, say that all integers are equal.
 */
export function digest({ first, images, potentials }: Pick<Batch, 'first' | 'images' | 'potentials'>, classes: number): number {
  let sum = 0;
  for (let n = 0; n < images; n++) {
    let hash = mix(0, first + n);
    for (let row = n * classes; row < potentials.length; row += images * classes) {
      for (let i = row; i < row + classes; i++) hash = mix(hash, potentials[i]);
    }
    sum += hash >>> 0;
  }
  return sum;
}

/** One step of a hash in 32 bits: multiplication and shift, as in MurmurHash's finalizer. */
function mix(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, 0x85ebca6b);
  return Math.imul(product ^ (product >>> 13), 0xc2b2ae35) + 1;
}
