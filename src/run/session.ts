import { OptionError } from '../errors.ts';
import { mapForReading } from '../gpu/buffers.ts';
import { busySeconds, Clock, type PassTime, STAMP_BYTES } from '../gpu/clock.ts';
import type { Device } from '../gpu/device.ts';
import { dispatch } from '../kernels/kernel.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { readoutStep, readoutUnits } from '../network/time.ts';
import type { Choice } from '../plan/choices.ts';
import { makePlan, type Plan, type PlanOptions } from '../plan/words/plan.ts';
import { type Batch, logitsAt, type OnBatch, type Points, place, type RunSummary, type RunTiming, takeImages } from './batch.ts';
import { checkSource, type ImageSource, pixelsSource } from './source.ts';
import { IN_FLIGHT, oneAfterAnother, Patience, type StreamTimes, stream, upload } from './stream.ts';
import { prepare, type WindowedEngine } from './windowed.ts';

/** How a session runs. `form`, `arithmetic` and `weights` force one way on all layers; every way gives the same bits. */
export interface SessionOptions extends Partial<PlanOptions> {
  /** Images at once, at most (default 64); cut to the device's limits. */
  readonly batch?: number;
  /** Words that every layer sends (default 3). More waves, less error. */
  readonly waves?: number;
}

/** Refuses what the device cannot compute. @throws OptionError */
export function checkChoice(device: Device, { arithmetic, form }: Partial<Choice>): void {
  const refuse = (option: string, value: string, what: string): never => {
    throw new OptionError(option, option, `"${value}": this device has no ${what}`, 'leave the option out');
  };
  if (arithmetic === 'packed' && !device.packedDot) refuse('arithmetic', arithmetic, 'packed 8-bit dot products');
  if (form === 'matrix' && !device.matrix) refuse('form', form, 'matrix units for operands of 8 bits or f16');
}

/** What a run yields. */
export interface RunResult {
  readonly images: number;
  /** The logits after the last wave, [image][class], in the ANN's units. */
  readonly logits: Float32Array;
  /** Time steps from the image's onset at which the readout's potentials were taken (specification, section 6). */
  readonly steps: readonly number[];
  /** The readout's membranes, [step][image][class]: integers, equal on every device. */
  readonly potentials: Int32Array;
  /** Real logits of one unit of potential, a class: logits = potential · unit / wave. */
  readonly units: Float64Array;
  /** Spikes of each layer (0 for pools and readout), all images and waves together. */
  readonly spikes: readonly number[];
  readonly timing: RunTiming;
}

/**
 * Runs a spiking network on a device with the windowed engine: layer by layer, one dispatch a layer for all images of a
 * batch and all waves. Owns its buffers; `dispose()` frees them.
 */
export class Session {
  readonly device: Device;
  readonly network: SpikingNetwork;
  /** What was decided before anything ran: printable. */
  readonly plan: Plan;
  /** When the potentials of a batch are taken. */
  readonly points: Points;
  /** Real logits of one unit of potential, a class: logits = potential · unit / divisor of the point. */
  readonly units: Float64Array;
  readonly #engine: WindowedEngine;
  readonly #readbacks: GPUBuffer[];
  /** One a batch under way; null where the device has no timestamps. */
  readonly #clocks: readonly (Clock | null)[];
  readonly #queue = oneAfterAnother();
  readonly #patience = new Patience();
  #disposed = false;

  private constructor(device: Device, network: SpikingNetwork, plan: Plan, engine: WindowedEngine) {
    this.device = device;
    this.network = network;
    this.plan = plan;
    this.points = pointsOf(network, plan);
    this.units = readoutUnits(network);
    this.#engine = engine;
    this.#readbacks = Array.from({ length: IN_FLIGHT }, () =>
      engine.buffers.create('readback', 'readback', this.#timesOffset + 2 * STAMP_BYTES),
    );
    this.#clocks = Array.from({ length: IN_FLIGHT }, () => Clock.of(device, 2));
  }

  /**
   * Plans the network for the device, makes its buffers and compiles its kernels.
   * @throws OptionError, DeviceError
   */
  static async create(device: Device, network: SpikingNetwork, options: SessionOptions = {}): Promise<Session> {
    const { batch = 64, waves = 3, ...rest } = options;
    checkChoice(device, options);
    const plan = makePlan(network, device.limits, { capabilities: device.capabilities, ...rest, batch, waves });
    const engine = await prepare(device, plan, network.layers.length, rest.keepMembranes ?? false);
    return new Session(device, network, plan, engine);
  }

  /** A read-back holds potentials, counters and, from here on, the times of the batch's pass. */
  get #timesOffset(): number {
    const results = this.plan.bytes.potentials + this.#engine.counters.size;
    return Math.ceil(results / STAMP_BYTES) * STAMP_BYTES;
  }

  /** Bytes of GPU memory that the session holds. */
  get bytes(): number {
    return this.#clocks.reduce((sum, clock) => sum + (clock?.bytes ?? 0), this.#engine.buffers.bytes);
  }

  /**
   * Runs the images of a source, batch by batch; nothing but the batches under way is held. Calls may overlap; they run one after
   * another.
   * @param onBatch takes what each batch gave, in order
   * @throws OptionError for the source and what it gives, DeviceError, and whatever `onBatch` throws; the session can be used again
   */
  run(source: ImageSource, onBatch: OnBatch<Batch>): Promise<RunSummary> {
    return this.#queue(async () => {
      this.#check();
      checkSource(source, this.network.input.shape);
      const passes: PassTime[] = [];
      const times = await stream(
        source,
        this.plan.batch,
        {
          submit: (pixels, _, images, slot) => this.#submit(pixels, images, slot),
          land: (buffer, first, images) => this.#collect(buffer, first, images, passes),
          deliver: onBatch,
        },
        this.#patience,
      );
      return { images: source.count, timing: runTiming(times, passes) };
    });
  }

  /**
   * Classifies images in memory and keeps all their potentials: for few of them.
   * @param pixels 0…255, [image][channel][y][x], any number of whole images
   * @param onProgress called with the number of images done so far
   */
  async classify(pixels: Uint8Array, onProgress?: (images: number) => void): Promise<RunResult> {
    const source = pixelsSource(pixels, this.network.input.shape);
    const { points, units } = this;
    const { steps } = points;
    const images = source.count;
    const potentials = new Int32Array(steps.length * images * units.length);
    const spikes = this.network.layers.map(() => 0);
    const { timing } = await this.run(source, (batch) => {
      place(potentials, images, batch, steps.length, units.length);
      batch.spikes.forEach((n, l) => {
        spikes[l] += n;
      });
      onProgress?.(batch.first + batch.images);
    });
    const logits = Float32Array.from(logitsAt({ potentials, images }, steps.length - 1, this));
    return { images, logits, steps, potentials, units, spikes, timing };
  }

  /** Throws where the device or the session is gone. */
  #check(): void {
    this.device.check();
    if (this.#disposed) throw new OptionError('session-disposed', 'session', 'was disposed', 'create a new one');
  }

  /** Uploads one batch and submits its work and its read-back; nothing is waited for. */
  #submit(images: Uint8Array, count: number, slot: number): GPUBuffer {
    this.#check();
    const buffer = this.#readbacks[slot];
    const clock = this.#clocks[slot];
    const { handle } = this.device;
    const { kernels, pixels, batch, counters, potentials } = this.#engine;
    upload(this.device, pixels, batch, images, count);
    const encoder = handle.createCommandEncoder();
    encoder.clearBuffer(counters);
    const pass = encoder.beginComputePass(clock?.pass());
    for (const kernel of kernels) dispatch(pass, kernel);
    pass.end();
    encoder.copyBufferToBuffer(potentials, 0, buffer, 0, this.plan.bytes.potentials);
    encoder.copyBufferToBuffer(counters, 0, buffer, this.plan.bytes.potentials, counters.size);
    clock?.copy(encoder, buffer, this.#timesOffset);
    handle.queue.submit([encoder.finish()]);
    return buffer;
  }

  async #collect(buffer: GPUBuffer, first: number, images: number, passes: PassTime[]): Promise<Batch> {
    const { plan } = this;
    const mapped = await mapForReading(buffer, () => this.#check());
    const values = new Int32Array(mapped, 0, plan.bytes.potentials / 4);
    const potentials = takeImages(values, this.points.steps.length, images, plan.batch, plan.classes);
    const spikes = Array.from(new Uint32Array(mapped, plan.bytes.potentials, this.network.layers.length));
    let gpuSeconds: number | null = null;
    if (this.#clocks[0]) {
      const [begin, end] = new BigUint64Array(mapped, this.#timesOffset, 2);
      passes.push({ begin, end });
      gpuSeconds = busySeconds([{ begin, end }]);
    }
    buffer.unmap();
    this.device.check();
    return { first, images, potentials, spikes, gpuSeconds };
  }

  /** The engine's buffers, for what reads words and membranes back (`inspect`). */
  get engine(): WindowedEngine {
    return this.#engine;
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#disposed = true;
    for (const clock of this.#clocks) clock?.dispose();
    this.#engine.buffers.dispose();
  }
}

/** After every phase of every wave; the logits are the mean of the waves so far. */
function pointsOf(network: SpikingNetwork, { waves, phaseBits }: Plan): Points {
  const points = Array.from({ length: waves * phaseBits }, (_, i) => ({ wave: Math.floor(i / phaseBits), phase: i % phaseBits }));
  return {
    steps: points.map(({ wave, phase }) => readoutStep(network, wave, phase)),
    divisors: points.map(({ wave }) => wave + 1),
  };
}

/** Milliseconds of a stream and the times of its passes, one a batch where the device has timestamps. */
function runTiming({ begun, first, last }: StreamTimes, passes: readonly PassTime[]): RunTiming {
  return {
    seconds: (last - begun) / 1000,
    firstBatchSeconds: (first - begun) / 1000,
    gpuBusySeconds: passes.length > 0 ? busySeconds(passes) : null,
  };
}
