import { shapeSize } from '../ann/ann.ts';
import { OptionError } from '../errors.ts';
import { mapForReading } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { dispatch } from '../kernels/kernel.ts';
import { chunkParameters } from '../kernels/steps.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { readoutOf, readoutUnits } from '../network/time.ts';
import type { NeuronModel } from '../neuron/model.ts';
import { modelOf, type Neuron } from '../neuron/neuron.ts';
import { type RecordOptions, recordSteps, type StepRecord } from '../observe/record.ts';
import { type Choice, defaultArithmetic } from '../plan/choices.ts';
import { type Chunk, cutSteps, isAmong } from '../plan/trains/chunks.ts';
import type { Form, SteppedDispatch } from '../plan/trains/dispatches.ts';
import { makeSteppedPlan, type SteppedPlan } from '../plan/trains/plan.ts';
import { CROSSOVER, formsOf } from './activity.ts';
import { type Batch, type OnBatch, type Points, place, type RunSummary, takeImages } from './batch.ts';
import { checkChoice } from './session.ts';
import { checkSource, type ImageSource, pixelsSource } from './source.ts';
import { prepareSteps, type SteppedEngine } from './stepped-engine.ts';
import { IN_FLIGHT, oneAfterAnother, Patience, padToWords, stream } from './stream.ts';

/** How a stepped session runs. */
export interface SteppedSessionOptions {
  /** Default bistable. */
  readonly neuron?: Neuron;
  /** Bistable: synchronous neurons hold shortcuts back (default); without, their spikes arrive when they are sent. */
  readonly synchronous?: boolean;
  /** T: steps from an image's onset. May end inside a window. */
  readonly timesteps: number;
  /** Images at once, at most (default 64); cut to the device's limits. */
  readonly batch?: number;
  /**
   * Which code convolves: densely, driven by spikes, or (default) what is faster at the activity that the batches before
   * showed. The same bits either way.
   */
  readonly convolution?: 'auto' | Form;
  /** Of dense convolutions, where it is exact for a layer's sums; default by the kind of device. The same bits in each. */
  readonly arithmetic?: Choice['arithmetic'];
  /** V(0); default: the network's own. */
  readonly initial?: 'half' | 'zero';
  /** Dense convolution and membrane in one kernel, currents in registers. Default: unless `convolution` is "spikes". */
  readonly fused?: boolean;
  /** Steps of a dispatch at most, for neurons without windows; a multiple of 4. Default: what memory allows. */
  readonly chunk?: number;
}

/** Where a checkpoint is: kernels encoded here see the accumulators after exactly `step` steps. */
export interface Checkpoint {
  readonly encoder: GPUCommandEncoder;
  /** T. */
  readonly step: number;
  /** Of the images of this run. */
  readonly first: number;
  readonly images: number;
}

/** What happens during a run. */
export interface SteppedRunOptions {
  /** Step counts T at which `onCheckpoint` is called, for every batch. */
  readonly checkpoints?: readonly number[];
  readonly onCheckpoint?: (at: Checkpoint) => void;
}

/** What happens while images in memory are classified. */
export interface SteppedClassifyOptions extends SteppedRunOptions {
  /** Called with the number of images done so far. */
  readonly onProgress?: (images: number) => void;
}

/** What a run yields. */
export interface SteppedResult {
  readonly images: number;
  readonly timesteps: number;
  /** The readout's membranes after every step, [step][image][class]: integers, equal on every device. */
  readonly potentials: Int32Array;
  /** Real logits of one unit of potential, a class: logits after T steps = potential · unit / divisors[T − 1]. */
  readonly units: Float64Array;
  readonly divisors: Float64Array;
  /** Spikes of each layer (0 for pools and readout), all images and steps together. */
  readonly spikes: readonly number[];
}

/** The accumulators of one layer of neurons on the device, both [neuron = (channel · height + y) · width + x][image]. */
export interface LayerAccumulators {
  readonly layer: number;
  readonly name: string;
  readonly neurons: number;
  /** First entry in both buffers; a neuron's images are `batch` entries. */
  readonly first: number;
  readonly batch: number;
}

/**
 * Runs a spiking network one step after another (specification, sections 2 and 8), for every neuron, any T. Layers run in
 * topological order, a chunk of steps a dispatch; nothing is read back between steps. `dispose()` frees its buffers.
 */
export class SteppedSession {
  readonly device: Device;
  readonly network: SpikingNetwork;
  readonly plan: SteppedPlan;
  readonly model: NeuronModel;
  /** Potentials are taken after every step. */
  readonly points: Points;
  /** Real logits of one unit of potential, a class: logits = potential · unit / divisor of the point. */
  readonly units: Float64Array;
  readonly #engine: SteppedEngine;
  readonly #readbacks: GPUBuffer[];
  readonly #queue = oneAfterAnother();
  readonly #patience = new Patience();
  /** Which code convolves each layer. */
  #forms: readonly Form[];
  readonly #adaptive: boolean;
  #disposed = false;

  private constructor(device: Device, network: SpikingNetwork, plan: SteppedPlan, engine: SteppedEngine, form: 'auto' | Form) {
    this.device = device;
    this.network = network;
    this.plan = plan;
    this.model = modelOf(plan.options.neuron);
    const { timesteps, phaseBits } = plan;
    const steps = Array.from({ length: timesteps }, (_, t) => t + 1);
    const { depth } = readoutOf(network);
    this.points = { steps, divisors: steps.map((t) => this.model.readoutDivisor(t, depth, phaseBits)) };
    this.units = readoutUnits(network);
    this.#engine = engine;
    this.#adaptive = form === 'auto';
    this.#forms = network.layers.map(() => (form === 'auto' ? 'dense' : form));
    const bytes = plan.bytes.potentials + engine.counters.size;
    this.#readbacks = Array.from({ length: IN_FLIGHT }, () => engine.buffers.create('readback', 'readback', bytes));
  }

  /** Plans, makes buffers, compiles. @throws OptionError, DeviceError */
  static async create(device: Device, network: SpikingNetwork, options: SteppedSessionOptions): Promise<SteppedSession> {
    const { neuron = { name: 'bistable' }, synchronous = true, timesteps, batch = 64, convolution = 'auto' } = options;
    const { initial = network.initial, fused = convolution !== 'spikes', chunk } = options;
    checkChoice(device, options);
    const { arithmetic = defaultArithmetic(device.capabilities) } = options;
    const model = modelOf(neuron);
    const plan = makeSteppedPlan(network, device.limits, {
      neuron,
      synchronous,
      timesteps,
      batch,
      initial,
      fused,
      chunk,
      arithmetic,
    });
    const engine = await prepareSteps(device, network, plan, model);
    return new SteppedSession(device, network, plan, engine, convolution);
  }

  /** Bytes of GPU memory that the session holds. */
  get bytes(): number {
    return this.#engine.buffers.bytes;
  }

  /** The engine's buffers, for kernels that read them at checkpoints. */
  get engine(): SteppedEngine {
    return this.#engine;
  }

  /** Which code convolves each layer in the next batch. */
  get forms(): readonly Form[] {
    return this.#forms;
  }

  /**
   * Where the accumulators of each layer of neurons lie in `engine.data.counts` (u32, spikes so far) and `engine.data.decoded`
   * (u32, Σ spike weights so far, in units of words): activation = decoded · λ · 2^-K · `decodeFactor(layer, T)`.
   */
  get accumulators(): LayerAccumulators[] {
    const { layout, batch } = this.plan;
    return this.network.layers.flatMap(({ kind, name, shape }, layer) =>
      kind === 'neurons' ? [{ layer, name, neurons: shapeSize(shape), first: layout.neurons[layer], batch }] : [],
    );
  }

  /** See `accumulators`; 0 where the layer cannot have sent anything. */
  decodeFactor(layer: number, steps: number): number {
    return this.model.decodeFactor(steps, this.network.layers[layer].depth, this.network.phaseBits);
  }

  /**
   * Runs T steps for each image of a source, batch by batch; nothing but the batches under way is held. Calls may overlap; they run
   * one after another.
   * @param onBatch takes what each batch gave, in order
   * @throws OptionError for the source and what it gives and for checkpoints out of range, DeviceError, and whatever the caller's
   * functions throw; the session can be used again
   */
  run(source: ImageSource, onBatch: OnBatch<Batch>, options: SteppedRunOptions = {}): Promise<RunSummary> {
    return this.#queue(async () => {
      this.check();
      checkSource(source, this.network.input.shape);
      const chunks = this.cut(options.checkpoints ?? []);
      const { begun, first, last } = await stream(
        source,
        this.plan.batch,
        {
          submit: (pixels, start, images, slot) => {
            const after = (encoder: GPUCommandEncoder, { checkpoint, step, steps }: Chunk): void => {
              if (checkpoint) options.onCheckpoint?.({ encoder, step: step + steps, first: start, images });
            };
            this.submit(pixels, images, chunks, after, this.#readbacks[slot]);
            return this.#readbacks[slot];
          },
          land: (buffer, start, images) => this.#collect(buffer, start, images),
          deliver: onBatch,
        },
        this.#patience,
      );
      const timing = { seconds: (last - begun) / 1000, firstBatchSeconds: (first - begun) / 1000, gpuBusySeconds: null };
      return { images: source.count, timing };
    });
  }

  /**
   * Runs T steps for each of some images in memory and keeps all their potentials: for few of them.
   * @param pixels 0…255, [image][channel][y][x], any number of whole images
   * @throws OptionError for images or checkpoints that are out of range
   */
  async classify(pixels: Uint8Array, options: SteppedClassifyOptions = {}): Promise<SteppedResult> {
    const source = pixelsSource(pixels, this.network.input.shape);
    const { timesteps, classes } = this.plan;
    const images = source.count;
    const potentials = new Int32Array(timesteps * images * classes);
    const spikes = this.network.layers.map(() => 0);
    const take = (batch: Batch): void => {
      place(potentials, images, batch, timesteps, classes);
      batch.spikes.forEach((n, l) => {
        spikes[l] += n;
      });
      options.onProgress?.(batch.first + batch.images);
    };
    await this.run(source, take, options);
    return { images, timesteps, potentials, units: this.units, divisors: Float64Array.from(this.points.divisors), spikes };
  }

  /**
   * Runs images one step a dispatch and keeps what the named layers do in every step.
   * @param images pixels 0…255, [image][channel][y][x]; at most one batch
   * @throws OptionError for layers that are not there, neurons out of range, more images than a batch
   */
  record(options: RecordOptions, images: Uint8Array): Promise<StepRecord> {
    return this.#queue(() => recordSteps(this, options, images));
  }

  /** Throws where the device or the session is gone. */
  check(): void {
    this.device.check();
    if (this.#disposed) throw new OptionError('session-disposed', 'session', 'was disposed', 'create a new one');
  }

  /** The chunks of a run. @throws OptionError for checkpoints that are not within T */
  cut(checkpoints: readonly number[], capacity = this.plan.capacity): Chunk[] {
    const { timesteps, phaseBits } = this.plan;
    const wrong = checkpoints.find((t) => !Number.isInteger(t) || t < 1 || t > timesteps);
    if (wrong !== undefined) {
      throw new OptionError('checkpoints', 'checkpoints', `${wrong} is not a step count from 1 to ${timesteps}`, 'correct it');
    }
    return cutSteps(timesteps, phaseBits, this.model.windowed, capacity, checkpoints);
  }

  /**
   * Uploads one batch and submits all its steps; nothing is waited for.
   * @param after called behind each chunk, to encode what reads the state then
   * @param readback where potentials and counters are copied to
   */
  submit(
    images: Uint8Array,
    count: number,
    chunks: readonly Chunk[],
    after: (encoder: GPUCommandEncoder, chunk: Chunk) => void,
    readback: GPUBuffer,
  ): void {
    this.check();
    const { handle } = this.device;
    const { data, counters, chunk, batch, before, kernels } = this.#engine;
    const { plan } = this;
    const pixels = padToWords(images);
    handle.queue.writeBuffer(data.pixels, 0, pixels.buffer, pixels.byteOffset, pixels.byteLength);
    handle.queue.writeBuffer(batch, 0, Uint32Array.of(count));
    const schedule = packChunks(chunks, count);
    const scheduled = handle.createBuffer({
      label: 'chunks',
      size: schedule.byteLength,
      usage: GPUBufferUsage.COPY_SRC,
      mappedAtCreation: true,
    });
    new Uint8Array(scheduled.getMappedRange()).set(schedule);
    scheduled.unmap();
    const encoder = handle.createCommandEncoder();
    for (const buffer of [data.spikes, data.membranes, data.counts, data.decoded, counters]) encoder.clearBuffer(buffer);
    chunks.forEach((one, i) => {
      encoder.copyBufferToBuffer(scheduled, i * chunkParameters.size, chunk, 0, chunkParameters.size);
      const pass = encoder.beginComputePass();
      if (i === 0) for (const kernel of before) dispatch(pass, kernel);
      plan.dispatches.forEach((d, j) => {
        if (runs(d, one, this.#forms[d.layer])) dispatch(pass, kernels[j]);
      });
      pass.end();
      after(encoder, one);
    });
    encoder.copyBufferToBuffer(data.potentials, 0, readback, 0, plan.bytes.potentials);
    encoder.copyBufferToBuffer(counters, 0, readback, plan.bytes.potentials, counters.size);
    handle.queue.submit([encoder.finish()]);
    scheduled.destroy();
  }

  async #collect(buffer: GPUBuffer, first: number, images: number): Promise<Batch> {
    const { batch, classes, timesteps, bytes } = this.plan;
    const mapped = await mapForReading(buffer, () => this.check());
    const potentials = takeImages(new Int32Array(mapped, 0, bytes.potentials / 4), timesteps, images, batch, classes);
    const spikes = Array.from(new Uint32Array(mapped, bytes.potentials, this.network.layers.length));
    buffer.unmap();
    this.device.check();
    if (this.#adaptive) this.#forms = formsOf(this.network, this.plan, this.model, spikes, images, CROSSOVER);
    return { first, images, potentials, spikes, gpuSeconds: null };
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#disposed = true;
    this.#engine.buffers.dispose();
  }
}

/** Whether a dispatch runs in a chunk. */
export function runs(
  { form: needed, windows, except, atEnd }: SteppedDispatch,
  { window, endsWindow }: Chunk,
  form: Form,
): boolean {
  if (needed !== null && needed !== form) return false;
  if (atEnd && !endsWindow) return false;
  return windows.some((w) => isAmong(window, w)) && !except.some((w) => isAmong(window, w));
}

/** The `Chunk` structs of a run, one behind the other. */
function packChunks(chunks: readonly Chunk[], images: number): Uint8Array {
  const bytes = new Uint8Array(chunks.length * chunkParameters.size);
  chunks.forEach(({ step, steps, window, place }, i) => {
    chunkParameters.write(new DataView(bytes.buffer, i * chunkParameters.size), { step, steps, window, place, images });
  });
  return bytes;
}
