import type { Shape } from '../ann/ann.ts';
import { OptionError } from '../errors.ts';
import { dispatch } from '../gpu/bind.ts';
import { mapForReading } from '../gpu/buffers.ts';
import { busySeconds, Clock, type PassTime, STAMP_BYTES } from '../gpu/clock.ts';
import type { Device } from '../gpu/device.ts';
import { writeStruct } from '../gpu/shader.ts';
import { uniformOf } from '../kernels/kernel.ts';
import type { Packers, Pass, Program } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';
import type { OnBatch, RunSummary } from './batch.ts';
import { type Loaded, load } from './load.ts';
import { checkSource, type ImageSource } from './source.ts';
import { IN_FLIGHT, oneAfterAnother, Patience, padToWords, stream } from './stream.ts';

/** What is encoded behind a pass. */
export type AfterPass = (encoder: GPUCommandEncoder, pass: Pass<Steps>) => void;

/** How the batches of a run are computed, and what becomes of them. */
export interface BatchWork<B> {
  /** The passes of a batch, asked for when it is submitted. */
  readonly passes: () => readonly Pass<Steps>[];
  /** @param first the batch's first image, and how many it has */
  readonly after?: (first: number, count: number) => AfterPass;
  /** Copies a batch out of its results, which are the program's in their order. */
  readonly take: (results: ArrayBuffer, first: number, count: number, gpuSeconds: number | null) => B;
  readonly deliver: OnBatch<B>;
}

/** A copy on the CPU of what a batch yields, and when the GPU worked on it. */
interface Slot {
  readonly readback: GPUBuffer;
  /** Null where the device has no timestamps. */
  readonly clock: Clock | null;
}

/**
 * Carries a program out, batch after batch: uploads pixels, encodes passes, reads results back, with the next batch under way
 * while one is waited for. The life of a session: `dispose()` frees all of it, and any call after that says so.
 */
export class Runner<P extends Program> {
  readonly loaded: Loaded<P>;
  readonly #slots: readonly Slot[];
  readonly #queue = oneAfterAnother();
  readonly #patience = new Patience();
  #disposed = false;

  private constructor(loaded: Loaded<P>) {
    const { device, program, buffers } = loaded;
    this.loaded = loaded;
    this.#slots = Array.from({ length: IN_FLIGHT }, () => ({
      readback: buffers.create('readback', 'readback', stampsAt(program) + 2 * STAMP_BYTES),
      clock: Clock.of(device, 2),
    }));
  }

  static async create<P extends Program>(device: Device, program: P, packers: Packers): Promise<Runner<P>> {
    return new Runner(await load(device, program, packers));
  }

  get device(): Device {
    return this.loaded.device;
  }

  get program(): P {
    return this.loaded.program;
  }

  /** Bytes of GPU memory that the session holds. */
  get bytes(): number {
    return this.#slots.reduce((sum, { clock }) => sum + (clock?.bytes ?? 0), this.loaded.buffers.bytes);
  }

  /** Throws where the device or the session is gone. */
  check(): void {
    this.device.check();
    if (this.#disposed) throw new OptionError('session-disposed', 'session', 'was disposed', 'create a new one');
  }

  /** Does work that needs the session for itself: one after another, in the order of the calls. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue(async () => {
      this.check();
      return work();
    });
  }

  /** Runs all images of a source that the network can take. To be called within `alone`. */
  async run<B>(source: ImageSource, input: Shape, work: BatchWork<B>): Promise<RunSummary> {
    checkSource(source, input);
    const times: PassTime[] = [];
    const { begun, first, last } = await stream<Slot, B>(
      source,
      this.program.batch,
      {
        submit: (pixels, at, count, i) => {
          const slot = this.#slots[i];
          this.submit(pixels, count, work.passes(), slot.readback, work.after?.(at, count), slot.clock);
          return slot;
        },
        land: (slot, at, count) => this.#land(slot, at, count, work, times),
        deliver: work.deliver,
      },
      this.#patience,
    );
    return {
      images: source.count,
      timing: {
        seconds: (last - begun) / 1000,
        firstBatchSeconds: (first - begun) / 1000,
        gpuBusySeconds: times.length > 0 ? busySeconds(times) : null,
      },
    };
  }

  /**
   * Uploads one batch and submits its work and the copy of its results; nothing is waited for.
   * @param readback where the results go
   */
  submit(
    pixels: Uint8Array,
    images: number,
    passes: readonly Pass<Steps>[],
    readback: GPUBuffer,
    after: AfterPass = () => {},
    clock: Clock | null = null,
  ): void {
    this.check();
    const { program, data, kernels } = this.loaded;
    const { handle } = this.device;
    const bytes = padToWords(pixels);
    handle.queue.writeBuffer(data.pixels, 0, bytes.buffer, bytes.byteOffset, bytes.byteLength);
    handle.queue.writeBuffer(data.batch, 0, Uint32Array.of(images));
    const chunks = this.#chunks(passes, images);
    const encoder = handle.createCommandEncoder({ label: program.network });
    for (const [name, { cleared }] of Object.entries(program.buffers)) if (cleared) encoder.clearBuffer(data[name]);
    passes.forEach((one, i) => {
      if (chunks && one.chunk) encoder.copyBufferToBuffer(chunks, i * CHUNK.size, data.chunk, 0, CHUNK.size);
      const pass = encoder.beginComputePass(clock?.stretch(i === 0, i === passes.length - 1));
      for (const d of one.dispatches) dispatch(pass, kernels[d]);
      pass.end();
      after(encoder, one);
    });
    let at = 0;
    for (const { buffer, offset, size } of program.results) {
      encoder.copyBufferToBuffer(data[buffer], offset, readback, at, size);
      at += size;
    }
    clock?.copy(encoder, readback, stampsAt(program));
    handle.queue.submit([encoder.finish()]);
    chunks?.destroy();
  }

  /** The structs `Chunk` of all passes; null where dispatches know no steps. */
  #chunks(passes: readonly Pass<Steps>[], images: number): GPUBuffer | null {
    if (!passes.some(({ chunk }) => chunk)) return null;
    const size = passes.length * CHUNK.size;
    const usage = GPUBufferUsage.COPY_SRC;
    const buffer = this.device.handle.createBuffer({ label: 'chunks', size, usage, mappedAtCreation: true });
    const view = new DataView(buffer.getMappedRange());
    passes.forEach(({ chunk }, i) => {
      if (chunk) writeStruct(CHUNK, view, { ...chunk, images }, i * CHUNK.size);
    });
    buffer.unmap();
    return buffer;
  }

  async #land<B>({ readback, clock }: Slot, first: number, count: number, { take }: BatchWork<B>, times: PassTime[]): Promise<B> {
    const mapped = await mapForReading(readback, () => this.check());
    try {
      const [begin, end] = clock ? new BigUint64Array(mapped, stampsAt(this.program), 2) : [0n, 0n];
      if (clock) times.push({ begin, end });
      return take(mapped, first, count, clock && busySeconds([{ begin, end }]));
    } finally {
      readback.unmap();
      this.device.check();
    }
  }

  /** Frees the session's GPU memory. Calling it twice does no harm. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const { clock } of this.#slots) clock?.dispose();
    this.loaded.buffers.dispose();
  }
}

/** The steps that a pass computes, as the kernels of the stepped engine read them. */
const CHUNK = uniformOf('integrate', 'chunk');

/** Bytes of a program's results, rounded up: behind them stand the times of the batch's first and last pass. */
const stampsAt = ({ results }: Program): number =>
  Math.ceil(results.reduce((sum, { size }) => sum + size, 0) / STAMP_BYTES) * STAMP_BYTES;
