import type { Device } from './device.ts';

/** What a buffer is for; readable by its name in an error. */
const USAGES = {
  /** Read and written by kernels. */
  storage: () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  /** Read by kernels through the constant path. */
  uniform: () => GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  /** Weights that a kernel may bind either way. */
  weights: () => GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  /** Mapped by the CPU to read results. */
  readback: () => GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  /** Timestamps on their way to a read-back buffer. */
  timestamps: () => GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
} as const;

/** Bytes of a device's buffers: now, and at their highest since the last `resetPeakBytes`. */
interface Ledger {
  live: number;
  peak: number;
}

/** Goes with its device. */
const ledgers = new WeakMap<GPUDevice, Ledger>();

function ledgerOf({ handle }: Device): Ledger {
  const ledger = ledgers.get(handle) ?? { live: 0, peak: 0 };
  ledgers.set(handle, ledger);
  return ledger;
}

/**
 * The most bytes that all buffers on the device held at once since `resetPeakBytes`, or since it was opened. What the
 * implementation stages uploads in is not known.
 */
export const peakBytes = (device: Device): number => ledgerOf(device).peak;

/** Bytes of all buffers that the device holds now. */
export const liveBytes = (device: Device): number => ledgerOf(device).live;

/** Measures the peak anew, from what is held now. */
export function resetPeakBytes(device: Device): void {
  const ledger = ledgerOf(device);
  ledger.peak = ledger.live;
}

/** A set of buffers that are made for one session and destroyed together. */
export class Buffers {
  readonly #device: Device;
  readonly #buffers: GPUBuffer[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  /** Bytes of all buffers. */
  get bytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  /** A buffer of at least `bytes`, zeroed, filled with `data` where given. */
  create(label: string, usage: keyof typeof USAGES, bytes: number, data?: ArrayBufferView<ArrayBuffer>): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const buffer = this.#device.handle.createBuffer({ label, size, usage: USAGES[usage]() });
    if (data) this.#device.handle.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength);
    this.#buffers.push(buffer);
    const ledger = ledgerOf(this.#device);
    ledger.live += size;
    ledger.peak = Math.max(ledger.peak, ledger.live);
    return buffer;
  }

  /** Destroys all of them. */
  dispose(): void {
    ledgerOf(this.#device).live -= this.bytes;
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }
}

/** Bytes of an upload in one call: what is larger the implementation stages in a buffer made for it alone. */
const UPLOAD_BYTES = 2 ** 22;

/** Writes bytes to a buffer, in several calls where they are many. Both offsets are multiples of 4, and so is the length. */
export function upload({ handle }: Device, buffer: GPUBuffer, offset: number, data: ArrayBufferView<ArrayBuffer>): void {
  for (let at = 0; at < data.byteLength; at += UPLOAD_BYTES) {
    const size = Math.min(UPLOAD_BYTES, data.byteLength - at);
    handle.queue.writeBuffer(buffer, offset + at, data.buffer, data.byteOffset + at, size);
  }
}

/**
 * Maps a read-back buffer; where that fails because the device did, `check` says so by name. It is asked first too: to map a buffer that was
 * destroyed, while its batch was waited for, is an error of the device, which whoever used it next would be told.
 */
export async function mapForReading(device: Device, buffer: GPUBuffer, check = () => device.check()): Promise<ArrayBuffer> {
  check();
  await device.until(buffer.mapAsync(GPUMapMode.READ)).catch((cause: Error) => {
    check();
    throw cause;
  });
  return buffer.getMappedRange();
}

/** Copies a part of a buffer to the CPU: for what is read once, not batch by batch. */
export async function readBuffer(device: Device, source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
  const buffers = new Buffers(device);
  try {
    const target = buffers.create(`copy of ${source.label}`, 'readback', bytes);
    const encoder = device.handle.createCommandEncoder();
    encoder.copyBufferToBuffer(source, offset, target, 0, bytes);
    device.handle.queue.submit([encoder.finish()]);
    const copy = (await mapForReading(device, target)).slice(0, bytes);
    device.check();
    return copy;
  } finally {
    buffers.dispose();
  }
}
