import { Buffers, readBuffer } from './buffers.ts';
import type { Device } from './device.ts';

/** Bytes of one timestamp where `Clock.copy` puts them. */
export const STAMP_BYTES = 8;

/** Takes moments by the GPU's own timestamps: nanoseconds since any moment. */
export class Clock {
  readonly #device: Device;
  readonly #stamps: number;
  readonly #queries: GPUQuerySet;
  readonly #buffers: Buffers;
  readonly #resolved: GPUBuffer;

  private constructor(device: Device, stamps: number) {
    this.#device = device;
    this.#stamps = stamps;
    this.#queries = device.handle.createQuerySet({ label: 'clock', type: 'timestamp', count: stamps });
    this.#buffers = new Buffers(device);
    this.#resolved = this.#buffers.create('clock', 'timestamps', stamps * STAMP_BYTES);
  }

  /** A clock that takes so many stamps; null where the device has no timestamps. */
  static of(device: Device, stamps: number): Clock | null {
    return device.handle.features.has('timestamp-query') ? new Clock(device, stamps) : null;
  }

  /** Bytes of GPU memory that it holds. */
  get bytes(): number {
    return this.#buffers.bytes;
  }

  /** What a pass is begun with whose begin and end are stamps `first` and `first + 1`. */
  pass(first = 0): GPUComputePassDescriptor {
    return {
      timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 },
    };
  }

  /** What a pass is begun with that begins or ends a stretch of passes: stamps 0 and 1. */
  stretch(begins: boolean, ends: boolean): GPUComputePassDescriptor {
    if (!begins && !ends) return {};
    return {
      timestampWrites: {
        querySet: this.#queries,
        ...(begins && { beginningOfPassWriteIndex: 0 }),
        ...(ends && { endOfPassWriteIndex: 1 }),
      },
    };
  }

  /** Encodes one stamp: the time when all work encoded before is done. */
  mark(encoder: GPUCommandEncoder, index: number): void {
    encoder.beginComputePass({ timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: index } }).end();
  }

  /** Encodes a copy of all stamps, at a multiple of STAMP_BYTES: to be read back with other results, without a wait of its own. */
  copy(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.#queries, 0, this.#stamps, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, target, offset, this.#stamps * STAMP_BYTES);
  }

  /** Waits for all stamps; the passes must have been submitted. */
  async read(): Promise<BigUint64Array> {
    const { handle } = this.#device;
    const encoder = handle.createCommandEncoder({ label: 'clock' });
    encoder.resolveQuerySet(this.#queries, 0, this.#stamps, this.#resolved, 0);
    handle.queue.submit([encoder.finish()]);
    return new BigUint64Array(await readBuffer(this.#device, this.#resolved, 0, this.#stamps * STAMP_BYTES));
  }

  dispose(): void {
    this.#queries.destroy();
    this.#buffers.dispose();
  }
}

/** What WebGPU implementations round stamps to, so that pages cannot tell machines apart by them: nanoseconds. */
const ROUNDING = 65_536n;

/** Whether stamps are rounded, so that short work cannot be told from none; the opposite by chance once in 65,536 a stamp. Pure. */
export const isRounded = (stamps: BigUint64Array): boolean => stamps.every((stamp) => stamp % ROUNDING === 0n);

/** Milliseconds between two stamps. */
export const milliseconds = (from: bigint, to: bigint): number => Number(to - from) / 1e6;

/** Begin and end of a compute pass, in nanoseconds since any moment. */
export interface PassTime {
  readonly begin: bigint;
  readonly end: bigint;
}

/** Seconds in which at least one of some passes ran: they are added in the order of their submission, and none is held. */
export class BusyTime {
  #busy: bigint | null = null;
  #last = 0n;

  add({ begin, end }: PassTime): void {
    const from = begin > this.#last ? begin : this.#last;
    this.#busy ??= 0n;
    if (end <= from) return;
    this.#busy += end - from;
    this.#last = end;
  }

  /** Null where no pass was added. */
  get seconds(): number | null {
    return this.#busy === null ? null : Number(this.#busy) / 1e9;
  }
}

/** Seconds that a pass took; 0 for a clock that went back. */
export function passSeconds(pass: PassTime): number {
  const time = new BusyTime();
  time.add(pass);
  return time.seconds as number;
}
