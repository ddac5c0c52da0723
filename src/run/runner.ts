import type { Shape } from '../ann/ann.ts';
import { OptionError } from '../errors.ts';
import { mapForReading, upload } from '../gpu/buffers.ts';
import { BusyTime, Clock, passSeconds, STAMP_BYTES } from '../gpu/clock.ts';
import type { Device } from '../gpu/device.ts';
import type { Packers, Pass, Program } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';
import type { OnBatch, RunSummary } from './batch.ts';
import { type AfterPass, submitPasses } from './encode.ts';
import { besides, clear, type Loaded, load } from './load.ts';
import { checkSource, type ImageSource } from './source.ts';
import { type Plan, sparing } from './sparing.ts';
import { IN_FLIGHT, oneAfterAnother, padToWords, stream } from './stream.ts';
import { cutPasses, Pace, workOfPasses } from './submissions.ts';

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

/** A batch that was submitted. */
interface Submitted extends Slot {
  /** Multiply-adds of a full batch. */
  readonly work: number;
  /** When, in milliseconds of `performance.now()`. */
  readonly at: number;
}

/**
 * Carries a program out, batch after batch: uploads pixels, encodes passes, reads results back, with the next batch under way
 * while one is waited for. The life of a session: `dispose()` frees all of it, and any call after that says so.
 */
export class Runner<P extends Program> {
  readonly loaded: Loaded<P>;
  /** Images at once for which the device had no memory; null where it had. */
  readonly refusedBatch: number | null;
  readonly #slots: readonly Slot[];
  readonly #queue = oneAfterAnother();
  readonly #pace: Pace;
  /** When the last batch landed. */
  #landed = 0;
  #disposed = false;

  private constructor(loaded: Loaded<P>, slots: readonly Slot[], refusedBatch: number | null) {
    this.loaded = loaded;
    this.refusedBatch = refusedBatch;
    this.#slots = slots;
    this.#pace = new Pace(loaded.device.description.software);
  }

  /** Loads a program, for fewer images where the device has no memory. Where that fails nothing of it stays on the device. */
  static create<P extends Program>(device: Device, plan: Plan<P>, packersOf: (program: P) => Packers): Promise<Runner<P>> {
    return sparing(plan, async (program, refusedBatch) => {
      const loaded = await load(device, program, packersOf(program));
      const slots: Slot[] = [];
      try {
        await besides(loaded, () => {
          while (slots.length < IN_FLIGHT) slots.push(slotOf(loaded));
        });
      } catch (error) {
        freeClocks(slots);
        throw error;
      }
      return new Runner(loaded, slots, refusedBatch);
    });
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
    const busy = new BusyTime();
    const { begun, first, last } = await stream<Submitted, B>(source, this.program.batch, {
      submit: (pixels, at, count, i) => {
        const slot = this.#slots[i];
        const passes = work.passes();
        this.submit(pixels, count, passes, slot.readback, work.after?.(at, count), slot.clock);
        return { ...slot, work: workOfPasses(this.program.dispatches, passes), at: performance.now() };
      },
      land: (submitted, at, count) => this.#land(submitted, at, count, work, busy),
      deliver: work.deliver,
    });
    return {
      images: source.count,
      timing: {
        seconds: (last - begun) / 1000,
        firstBatchSeconds: (first - begun) / 1000,
        gpuBusySeconds: busy.seconds,
      },
    };
  }

  /**
   * Uploads one batch and submits its work, in parts where it would take long, and the copy of its results; nothing is waited for.
   * @param readback where the results go
   */
  submit(
    pixels: Uint8Array,
    images: number,
    passes: readonly Pass<Steps>[],
    readback: GPUBuffer,
    after?: AfterPass,
    clock: Clock | null = null,
  ): void {
    this.check();
    const { program, data } = this.loaded;
    const { handle } = this.device;
    upload(this.device, data.pixels, 0, padToWords(pixels));
    handle.queue.writeBuffer(data.batch, 0, Uint32Array.of(images));
    submitPasses(this.loaded, cutPasses(program.dispatches, passes, this.#pace.most), images, {
      begin: (encoder) => clear(this.loaded, encoder),
      after,
      end: (encoder) => {
        let at = 0;
        for (const { buffer, offset, size } of program.results) {
          encoder.copyBufferToBuffer(data[buffer], offset, readback, at, size);
          at += size;
        }
        clock?.copy(encoder, readback, stampsAt(program));
      },
      clock,
    });
  }

  async #land<B>(
    { readback, clock, work, at }: Submitted,
    first: number,
    count: number,
    { take }: BatchWork<B>,
    busy: BusyTime,
  ): Promise<B> {
    const mapped = await mapForReading(this.device, readback, () => this.check());
    const since = Math.max(at, this.#landed);
    this.#landed = performance.now();
    try {
      const [begin, end] = clock ? new BigUint64Array(mapped, stampsAt(this.program), 2) : [0n, 0n];
      if (clock) busy.add({ begin, end });
      const gpuSeconds = clock && passSeconds({ begin, end });
      if (count === this.program.batch) this.#pace.took(work, gpuSeconds ?? (this.#landed - since) / 1000);
      return take(mapped, first, count, gpuSeconds);
    } finally {
      readback.unmap();
      this.device.check();
    }
  }

  /** Frees the session's GPU memory. Calling it twice does no harm. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    freeClocks(this.#slots);
    this.loaded.buffers.dispose();
  }
}

function slotOf({ device, program, buffers }: Loaded): Slot {
  const readback = buffers.create('readback', 'readback', stampsAt(program) + 2 * STAMP_BYTES);
  return { readback, clock: Clock.of(device, 2) };
}

function freeClocks(slots: readonly Slot[]): void {
  for (const { clock } of slots) clock?.dispose();
}

/** Bytes of a program's results, rounded up: behind them stand the times of the batch's first and last pass. */
const stampsAt = ({ results }: Program): number =>
  Math.ceil(results.reduce((sum, { size }) => sum + size, 0) / STAMP_BYTES) * STAMP_BYTES;
