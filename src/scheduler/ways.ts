import { INPUT, type Window } from '../graph/ann.ts';
import type { SpikingTerm } from '../network/network.ts';

/** Kinds of terms, as the kernels number them (`shaders/lib/layer.wgsl`). */
export const KIND = { convolution: 0, identity: 1, rows: 2, strided: 3 } as const;
type Kind = keyof typeof KIND;

/** What the terms of a layer need of `accumulate`; what is not needed is not compiled. */
export interface Ways {
  /** Identities. */
  readonly identity: boolean;
  /** Kernels 3 wide with stride 1, a row at a time. */
  readonly rows: boolean;
  /** Kernels 3 wide with stride 2. */
  readonly strided: boolean;
  /** Any other kernel. */
  readonly window: boolean;
  /** All terms read the pixels, whose sums are the same in every wave. */
  readonly pixels: boolean;
  /** Some term reads the pixels, whose padding is not 0. */
  readonly padded: boolean;
}

/**
 * How `accumulate` sums a term. Pure.
 * @param alongRows whether a tile is pixels of a row (and not images)
 */
export function kindOf({ operator }: SpikingTerm, alongRows: boolean): Kind {
  if (operator.type === 'identity') return 'identity';
  const { kernel, stride, dilation }: Window = operator.window;
  if (!alongRows || kernel[1] !== 3 || dilation[1] !== 1) return 'convolution';
  return stride[1] === 1 ? 'rows' : stride[1] === 2 ? 'strided' : 'convolution';
}

/**
 * What a layer's terms need together. Layers that need more than one way of convolving get all three: few mixtures are worth
 * a kernel of their own, since a software driver compiles each for a second.
 */
export function waysOf(terms: readonly SpikingTerm[], alongRows: boolean): Ways {
  const kinds = new Set(terms.map((term) => kindOf(term, alongRows)));
  const identity = kinds.delete('identity');
  const has = (kind: Kind) => kinds.has(kind) || kinds.size > 1;
  return {
    identity,
    rows: has('rows'),
    strided: has('strided'),
    window: has('convolution'),
    padded: terms.some((term) => term.source === INPUT),
    pixels: !identity && terms.every((term) => term.source === INPUT),
  };
}
