import { shapeSize } from '../ann/ann.ts';
import {
  BOOLEAN,
  type Checks,
  checkArgument,
  checkOptions,
  FUNCTION,
  integer,
  listOf,
  number,
  object,
  oneOf,
  required,
} from '../checks.ts';
import { DEVICE, type Device } from '../gpu/device.ts';
import type { Form } from '../kernels/trains.ts';
import { NETWORK, readoutOf, type SpikingNetwork } from '../network/network.ts';
import type { NeuronModel } from '../neuron/model.ts';
import { type Neuron, ruleOf } from '../neuron/neuron.ts';
import type { BatchSize } from '../plan/batch.ts';
import { type Choice, defaultArithmetic, VALUES } from '../plan/choices.ts';
import { FIT_OPTIONS } from '../plan/fit.ts';
import type { Pass } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';
import { passesOf } from '../plan/trains/passes.ts';
import { MOST_STEPS, planTrains, type TrainsProgram, trainsPackers } from '../plan/trains/plan.ts';
import { CROSSOVER, formsOf } from './activity.ts';
import { type Batch, checkChoice, collect, type OnBatch, type Points, type RunSummary, takeBatch } from './batch.ts';
import type { AfterPass } from './encode.ts';
import { Interleaver, type StreamBatch, type StreamSummary } from './interleaver.ts';
import type { Loaded } from './load.ts';
import { Runner } from './runner.ts';
import { copiedPixels, type ImageSource } from './source.ts';

/** How a stepped session runs. */
export interface SteppedSessionOptions {
  /** Default: the network's own. */
  readonly neuron?: Neuron;
  /** Bistable: synchronous neurons hold shortcuts back (default); without, their spikes arrive when they are sent. */
  readonly synchronous?: boolean;
  /** T: steps from an image's onset. May end inside a window. */
  readonly timesteps: number;
  /** Images at once, at most, or "auto" (default): as many as fill the device. Cut to the device's limits. */
  readonly batch?: BatchSize;
  /** Images that there will be: "auto" takes no more. Default: any number. */
  readonly imageCount?: number;
  /** Bytes that its buffers may take together (default 2 GiB, or the device's largest buffer). */
  readonly memory?: number;
  /**
   * Which code convolves: densely, driven by spikes, or (default) what is faster at the activity that the batches before
   * showed. The same bits either way.
   */
  readonly convolution?: 'auto' | Form;
  /** Of dense convolutions, where it is exact for a layer's sums; default by the kind of device. The same bits in each. */
  readonly arithmetic?: Choice['arithmetic'];
  /** V(0); default: the network's own. */
  readonly initial?: 'half' | 'zero';
  /** Steps of a dispatch at most, for neurons without windows; a multiple of 4. Default: what memory allows. */
  readonly chunk?: number;
}

/** What each of `SteppedSessionOptions` must be. */
export const STEPPED_SESSION_OPTIONS: Checks<SteppedSessionOptions> = {
  ...FIT_OPTIONS,
  neuron: object('a neuron, as parseNeuron() gives it', ({ name }) => typeof name === 'string'),
  synchronous: BOOLEAN,
  timesteps: required(integer(1, MOST_STEPS)),
  convolution: oneOf('auto', 'dense', 'spikes'),
  arithmetic: oneOf(...VALUES.arithmetic),
  initial: oneOf('half', 'zero'),
  chunk: number('a positive multiple of 4', (steps) => steps > 0 && steps % 4 === 0 && Number.isSafeInteger(steps)),
};

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

/** What each of `SteppedRunOptions` must be. */
export const STEPPED_RUN_OPTIONS: Checks<SteppedRunOptions> = {
  checkpoints: listOf(integer(1, MOST_STEPS), 0),
  onCheckpoint: FUNCTION,
};

/** What happens while images in memory are classified. */
export interface SteppedClassifyOptions extends SteppedRunOptions {
  /** Called with the number of images done so far. */
  readonly onProgress?: (images: number) => void;
}

/** What each of `SteppedClassifyOptions` must be. */
export const STEPPED_CLASSIFY_OPTIONS: Checks<SteppedClassifyOptions> = { ...STEPPED_RUN_OPTIONS, onProgress: FUNCTION };

/** What a run of a few images yields. */
export interface SteppedResult {
  readonly images: number;
  readonly timesteps: number;
  /** The readout's membranes after every step, [step][image][class]: integers of any size, equal on every device. */
  readonly potentials: Float64Array;
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

/** What a session of a network would be, before anything is made. @throws OptionError, DeviceError where not even one image fits */
export function planStepped(device: Device, network: SpikingNetwork, options: SteppedSessionOptions): TrainsProgram {
  checkChoice(device, options);
  return planTrains(network, device.limits, {
    neuron: network.neuron,
    synchronous: true,
    batch: 'auto',
    software: device.capabilities.software,
    initial: network.initial,
    convolution: 'auto',
    arithmetic: defaultArithmetic(device.capabilities),
    ...options,
  });
}

/**
 * Runs a spiking network one step after another (specification, sections 2 and 8), for every neuron, any T. Layers run in
 * topological order, a chunk of steps a dispatch; nothing is read back between steps. `dispose()` frees its buffers.
 */
export class SteppedSession {
  readonly network: SpikingNetwork;
  readonly model: NeuronModel;
  readonly #runner: Runner<TrainsProgram>;
  /** Which code convolves each layer. */
  #forms: readonly Form[];
  readonly #adaptive: boolean;
  /** Made when a stream is asked for first. */
  #interleaver: Interleaver | null = null;

  private constructor(network: SpikingNetwork, runner: Runner<TrainsProgram>, form: 'auto' | Form) {
    this.network = network;
    this.model = ruleOf(runner.program.options.neuron);
    this.#runner = runner;
    this.#adaptive = form === 'auto';
    this.#forms = network.layers.map(() => (form === 'auto' ? 'dense' : form));
  }

  /** Plans, makes buffers, compiles. @throws OptionError, DeviceError */
  static async create(device: Device, network: SpikingNetwork, options: SteppedSessionOptions): Promise<SteppedSession> {
    checkArgument('device', device, DEVICE);
    checkArgument('network', network, NETWORK);
    const given = checkOptions(options, STEPPED_SESSION_OPTIONS);
    const plan = (batch: BatchSize = given.batch ?? 'auto') => planStepped(device, network, { ...given, batch });
    const runner = await Runner.create(device, plan, (program) => trainsPackers(network, program.options));
    return new SteppedSession(network, runner, given.convolution ?? 'auto');
  }

  get device(): Device {
    return this.#runner.device;
  }

  /** What was decided before anything ran: printable. */
  get plan(): TrainsProgram {
    return this.#runner.program;
  }

  /** The buffers and kernels, for what reads them at checkpoints or records (`observe`). */
  get engine(): Loaded<TrainsProgram> {
    return this.#runner.loaded;
  }

  /** Images at once for which the device had no memory, so that the plan has fewer; null where it had. */
  get refusedBatch(): number | null {
    return this.#runner.refusedBatch;
  }

  /** Bytes of GPU memory that the session holds. */
  get bytes(): number {
    return this.#runner.bytes + (this.#interleaver?.buffers.bytes ?? 0);
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
    return this.model.decodeFactor(steps, this.network.layers[layer].depth, this.network.timetable);
  }

  /** Potentials are taken after every step. */
  get points(): Points {
    const { timetable } = this.network;
    const { depth } = readoutOf(this.network);
    const steps = Array.from({ length: this.plan.timesteps }, (_, t) => t + 1);
    return { steps, divisors: steps.map((t) => this.model.readoutDivisor(t, depth, timetable)) };
  }

  /** Real logits of one unit of potential, a class: logits = potential · unit / divisor of the point. */
  get units(): Float64Array {
    return readoutOf(this.network).units.unit;
  }

  /** Whether the readout's sums begin anew in a step: with its windows, or where there are none in each. */
  #begins(step: number): boolean {
    const { period, layers } = this.network.timetable;
    const { first } = layers[layers.length - 1].integrates;
    return !this.model.windowed || (step - first) % period === 0;
  }

  /** The passes of a batch that looks at nothing, with the forms that the next batch takes. */
  passes(checkpoints: readonly number[] = [], capacity?: number): Pass<Steps>[] {
    return passesOf(this.plan, this.#forms, checkpoints, capacity);
  }

  /**
   * Runs T steps for each image of a source, batch by batch; nothing but the batches under way is held. Calls may overlap; they run
   * one after another.
   * @param onBatch takes what each batch gave, in order: potentials after every step
   * @throws OptionError for the source and what it gives and for checkpoints out of range, DeviceError, and whatever the caller's
   * functions throw; the session can be used again
   */
  async run(source: ImageSource, onBatch: OnBatch<Batch>, options: SteppedRunOptions = {}): Promise<RunSummary> {
    checkArgument('onBatch', onBatch, FUNCTION);
    const { checkpoints = [], onCheckpoint } = checkOptions(options, STEPPED_RUN_OPTIONS);
    return this.#runner.alone(async () => {
      // refuses checkpoints that are out of range, also where there is no image
      this.passes(checkpoints);
      return this.#runner.run(source, this.network.input.shape, {
        passes: () => this.passes(checkpoints),
        after: (first, images) => (encoder, pass) => {
          if (pass.mark !== null) onCheckpoint?.({ encoder, step: pass.mark, first, images });
        },
        take: takeBatch(this.plan, this.network.layers.length, (step) => this.#begins(step)),
        deliver: (batch) => {
          if (this.#adaptive) this.#forms = formsOf(this.network, this.plan, this.model, batch.spikes, batch.images, CROSSOVER);
          return onBatch(batch);
        },
      });
    });
  }

  /**
   * Runs T steps for each of some images in memory and keeps all their potentials: for few of them.
   * @param pixels 0…255, [image][channel][y][x], any number of whole images; they are copied
   * @throws OptionError for images or checkpoints that are out of range
   */
  async classify(pixels: Uint8Array, options: SteppedClassifyOptions = {}): Promise<SteppedResult> {
    const { onProgress, ...own } = checkOptions(options, STEPPED_CLASSIFY_OPTIONS);
    const { timesteps, classes } = this.plan;
    const source = copiedPixels(pixels, this.network.input.shape);
    const { potentials, spikes, add } = collect(source.count, timesteps, classes, this.network.layers.length);
    const take = (batch: Batch): void => {
      add(batch);
      onProgress?.(batch.first + batch.images);
    };
    await this.run(source, take, own);
    const divisors = Float64Array.from(this.points.divisors);
    return { images: source.count, timesteps, potentials, units: this.units, divisors, spikes };
  }

  /**
   * Runs the images of a source as streams, one in each lane of a batch: a new image every cycle, one word each, two of them under way
   * in each network (specification, section 6, "interleaving"). Potentials are those of `run` after T_1 steps.
   * @param onImages takes what the images of each cycle gave, in order
   * @throws OptionError for neurons without windows and for what `run` refuses, DeviceError, and whatever `onImages` throws
   */
  async stream(source: ImageSource, onImages: OnBatch<StreamBatch>): Promise<StreamSummary> {
    checkArgument('onImages', onImages, FUNCTION);
    return this.#runner.alone(async () => {
      this.#interleaver ??= await Interleaver.create(this.device, this.network, this.plan.options);
      return this.#interleaver.run(source, onImages, () => this.check());
    });
  }

  /**
   * Runs one batch by itself, with the session to itself: for what looks behind every pass (`observe/record`).
   * @param work is given what uploads and submits a batch
   */
  alone<T>(work: (submit: SubmitBatch) => Promise<T>): Promise<T> {
    return this.#runner.alone(() => work((...args) => this.#runner.submit(...args)));
  }

  /** Throws where the device or the session is gone. */
  check(): void {
    this.#runner.check();
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#interleaver?.buffers.dispose();
    this.#interleaver = null;
    this.#runner.dispose();
  }
}

/** Uploads one batch and submits its passes; nothing is waited for. */
export type SubmitBatch = (
  pixels: Uint8Array,
  images: number,
  passes: readonly Pass<Steps>[],
  readback: GPUBuffer,
  after: AfterPass,
) => void;
