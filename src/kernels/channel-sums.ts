import type { Shape } from '../ann/ann.ts';
import { WORKGROUP } from '../gpu/bind.ts';
import { areaOf, blocksOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** Entries of a block that one invocation adds up. */
const ENTRIES = 64;

/** Bytes of the four sums of a workgroup. */
export const SUM_BYTES = 16;

/** A layer whose values are added up: the first words of neurons, or the trained network's activations, as integers. */
export interface Summed {
  readonly layer: number;
  readonly name: string;
  readonly shape: Shape;
  /** Images in the layout. */
  readonly batch: number;
  /** First word or cell. */
  readonly source: number;
}

/** Workgroups that share the entries of a block. */
const shareOf = ({ shape, batch }: Summed): number => Math.ceil((areaOf(shape) * batch) / (ENTRIES * WORKGROUP));

/** Workgroups of a layer: each writes four sums. */
export const sumWorkgroups = (one: Summed): number => blocksOf(one.shape.channels) * shareOf(one);

/** One layer's values added up channel by channel, as sums of each workgroup (`shaders/channel-sums.wgsl`). @param sums where they go */
export const channelSums = (one: Summed, activations: boolean, sums: number): Dispatch => ({
  ...PLAIN,
  kernel: 'channel-sums',
  layer: one.layer,
  name: one.name,
  variant: { activations },
  parameters: {
    blocks: blocksOf(one.shape.channels),
    entries: areaOf(one.shape) * one.batch,
    batch: one.batch,
    source: one.source,
    share: shareOf(one),
    sums,
  },
  invocations: sumWorkgroups(one) * WORKGROUP,
});

/** The sum of each channel of what the workgroups of a layer wrote: an integer. */
export function addChannelSums(one: Summed, written: ArrayBuffer): Float64Array {
  const values = new Uint32Array(written);
  const share = shareOf(one);
  return Float64Array.from({ length: one.shape.channels }, (_, c) => {
    let sum = 0;
    for (let s = 0; s < share; s++) sum += values[((c >> 2) * share + s) * 4 + (c & 3)];
    return sum;
  });
}
