import type { Buffers } from './buffers.ts';
import type { Device } from './device.ts';

/** Begin and end of a compute pass by the GPU's own clock, in nanoseconds since any moment. */
export interface PassTime {
  readonly begin: bigint;
  readonly end: bigint;
}

/** Bytes of one pass's two timestamps in a read-back buffer, and where they may start. */
export const TIMESTAMP_BYTES = 16;

/**
 * Takes the times of the passes of batches under way, one slot each. They are read back with the batch's results, so that nothing
 * waits for them. Where the device has no timestamps it does nothing and `passTime` gives null.
 */
export class Timestamps {
  readonly #slots: readonly { readonly queries: GPUQuerySet; readonly resolved: GPUBuffer }[];

  /** @param buffers the set that the small buffers go with */
  constructor(device: Device, buffers: Buffers, slots: number) {
    const has = device.handle.features.has('timestamp-query');
    this.#slots = Array.from({ length: has ? slots : 0 }, () => ({
      queries: device.handle.createQuerySet({ label: 'pass times', type: 'timestamp', count: 2 }),
      resolved: buffers.create('pass times', 'timestamps', TIMESTAMP_BYTES),
    }));
  }

  /** What a slot's pass is begun with. */
  pass(slot: number): GPUComputePassDescriptor {
    const times = this.#slots[slot];
    if (!times) return {};
    return { timestampWrites: { querySet: times.queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } };
  }

  /** After the pass: copies its times to `target`, at a multiple of TIMESTAMP_BYTES. */
  copy(encoder: GPUCommandEncoder, slot: number, target: GPUBuffer, offset: number): void {
    const times = this.#slots[slot];
    if (!times) return;
    encoder.resolveQuerySet(times.queries, 0, 2, times.resolved, 0);
    encoder.copyBufferToBuffer(times.resolved, 0, target, offset, TIMESTAMP_BYTES);
  }

  /** The times that `copy` put there; null where the device has none. */
  passTime(mapped: ArrayBuffer, offset: number): PassTime | null {
    if (this.#slots.length === 0) return null;
    const [begin, end] = new BigUint64Array(mapped, offset, 2);
    return { begin, end };
  }

  dispose(): void {
    for (const { queries } of this.#slots) queries.destroy();
  }
}

/** Seconds in which at least one of the passes ran; they are in the order of their submission. Pure. */
export function busySeconds(passes: readonly PassTime[]): number {
  let busy = 0n;
  let last = 0n;
  for (const { begin, end } of passes) {
    const from = begin > last ? begin : last;
    if (end > from) {
      busy += end - from;
      last = end;
    }
  }
  return Number(busy) / 1e9;
}
