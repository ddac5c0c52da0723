import { Buffers, mapForReading } from './buffers.ts';
import type { Device } from './device.ts';

/** Marks moments in the work of the GPU by its own timestamps. */
export interface Clock {
  /** Encodes a mark: the time when all work encoded before is done. */
  readonly mark: (encoder: GPUCommandEncoder, index: number) => void;
  /** Seconds of all marks, from an arbitrary zero; the work must have been submitted. */
  readonly read: () => Promise<number[]>;
  readonly dispose: () => void;
}

/** A clock of so many marks; null where the device has no timestamps. */
export function makeClock(device: Device, marks: number): Clock | null {
  const { handle } = device;
  if (!handle.features.has('timestamp-query')) return null;
  const querySet = handle.createQuerySet({ label: 'clock', type: 'timestamp', count: marks });
  const buffers = new Buffers(device);
  const resolved = buffers.create('clock', 'timestamps', marks * 8);
  const readback = buffers.create('clock', 'readback', marks * 8);
  return {
    mark: (encoder, index) => {
      encoder.beginComputePass({ timestampWrites: { querySet, beginningOfPassWriteIndex: index } }).end();
    },
    read: async () => {
      const encoder = handle.createCommandEncoder();
      encoder.resolveQuerySet(querySet, 0, marks, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readback, 0, marks * 8);
      handle.queue.submit([encoder.finish()]);
      const mapped = await mapForReading(readback, () => device.check());
      const seconds = Array.from(new BigUint64Array(mapped, 0, marks), (ns) => Number(ns) / 1e9);
      readback.unmap();
      return seconds;
    },
    dispose: () => {
      querySet.destroy();
      buffers.dispose();
    },
  };
}
