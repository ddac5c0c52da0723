import { WORKGROUP } from '../gpu/bind.ts';
import type { Program } from './program.ts';

/** Images at once: so many at most, or as many as fill the device. */
export type BatchSize = number | 'auto';

/** What "auto" is at least, and on software drivers, whose few cores are busy by then. */
export const LEAST_AUTO = 64;
/** What it is at most: more images wait for one another and gain nothing. */
const MOST_AUTO = 1024;

/** Workgroups that fill a large card: four for each of 132 multiprocessors. */
const ENOUGH_WORKGROUPS = 528;
/** Share of all multiply-adds that may be in dispatches of fewer workgroups: a readout is narrow, and has next to none. */
const NARROW_SHARE = 0.1;

/** A batch that is no more than another, which was planned: "auto" is that one. */
export const batchUpTo = (batch: BatchSize, planned: number): number => (batch === 'auto' ? planned : Math.min(batch, planned));

/** A batch for so many images: no more than these; "auto" stays so where they are more than its least. */
export const batchFor = (batch: BatchSize, images: number): BatchSize =>
  batch === 'auto' ? (images > LEAST_AUTO ? batch : images) : Math.min(batch, images);

/** Workgroups of the narrowest dispatch that counts: all but a tenth of the multiply-adds are in dispatches of at least as many. */
export function heavyWorkgroups({ dispatches }: Pick<Program, 'dispatches'>): number {
  const byWidth = dispatches
    .map(({ invocations, tiles, macs }) => ({ workgroups: Math.ceil(invocations / WORKGROUP) * tiles, macs }))
    .sort((a, b) => a.workgroups - b.workgroups);
  let left = NARROW_SHARE * byWidth.reduce((sum, { macs }) => sum + macs, 0);
  for (const { workgroups, macs } of byWidth) {
    left -= macs;
    if (left < 0) return workgroups;
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * Images at once that fill a large card: the least power of two at which its heavy dispatches have workgroups enough. Never more than there are
 * images, nor than the device holds. Results do not depend on it. Pure.
 * @param planned the program for a batch; undefined where the device does not hold it
 */
export function fillingBatch(images: number, planned: (batch: number) => Program | undefined): number {
  let batch = LEAST_AUTO;
  while (2 * batch <= Math.min(images, MOST_AUTO)) {
    const program = planned(batch);
    if (program === undefined || heavyWorkgroups(program) >= ENOUGH_WORKGROUPS) break;
    batch *= 2;
  }
  return batch;
}

/** Batches of one class have the same fastest kernels, as far as tuning knows: the greatest power of four that is not above. */
export const batchClass = (batch: number): number => 4 ** Math.floor(Math.log2(Math.min(batch, MOST_AUTO)) / 2);
