import { INPUT, type Window } from '../ann/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingTerm } from '../network/network.ts';
import { TILE } from './geometry.ts';

/** Kinds of terms, as the kernels number them (`shaders/lib/layer.wgsl`). */
export const KIND = { convolution: 0, identity: 1, rows: 2, strided: 3 } as const;
export type Kind = keyof typeof KIND;

/** What the terms of a layer need of `accumulate`; what is not needed is not compiled. */
export interface Ways {
  /** Identities. */
  readonly identity: boolean;
  /** Kernels 3 wide with stride 1, a row at a time. */
  readonly rows: boolean;
  /** Any other kernel. */
  readonly window: boolean;
  /** Kernels 3 wide with stride 2 alone, on tiles of 16 channels × 4 columns: words are what they read most. */
  readonly deep: boolean;
  /** All terms read the pixels, whose sums are the same in every wave. */
  readonly pixels: boolean;
  /** Some term reads the pixels, whose padding is not 0. */
  readonly padded: boolean;
  /** These have three channels at most: the fourth of their block is empty. */
  readonly three: boolean;
}

const isRow = ({ operator }: SpikingTerm, stride: number): boolean => {
  if (operator.type === 'identity') return false;
  const window: Window = operator.window;
  return window.kernel[1] === 3 && window.dilation[1] === 1 && window.stride[1] === stride;
};

/** Whether all terms of a layer are such that tiles of 16 channels × 4 columns suit it. */
const isDeep = ({ terms, shape }: SpikingNeurons): boolean =>
  shape.channels > TILE && terms.every((term) => isRow(term, 2) && term.operator.type !== 'identity' && term.operator.groups === 1);

/**
 * How `accumulate` sums each term of a layer. Pure.
 * @param alongRows whether tiles are pixels of rows (and not images)
 * @param small tiles have 4 columns whatever the stride (`accumulate-small`)
 */
export function kindsOf(layer: SpikingNeurons, alongRows: boolean, small: boolean): Kind[] {
  const deep = alongRows && !small && isDeep(layer);
  return layer.terms.map((term) => {
    if (term.operator.type === 'identity') return 'identity';
    if (deep) return 'strided';
    return alongRows && isRow(term, 1) ? 'rows' : 'convolution';
  });
}

/** What a layer's terms need together. Pure. */
export function waysOf(network: SpikingNetwork, layer: SpikingNeurons, kindsOfTerms: readonly Kind[]): Ways {
  const kinds = new Set(kindsOfTerms);
  const identity = kinds.has('identity');
  const pixels = !identity && layer.terms.every((term) => term.source === INPUT);
  return {
    identity,
    rows: kinds.has('rows'),
    window: kinds.has('convolution'),
    deep: kinds.has('strided'),
    padded: layer.terms.some((term) => term.source === INPUT),
    pixels,
    three: pixels && network.input.shape.channels <= 3,
  };
}
