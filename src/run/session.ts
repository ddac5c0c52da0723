import { BOOLEAN, type Checks, checkArgument, checkOptional, checkOptions, FUNCTION, integer, oneOf } from '../checks.ts';
import { DEVICE, type Device } from '../gpu/device.ts';
import { NETWORK, readoutOf, type SpikingNetwork } from '../network/network.ts';
import { readoutSteps } from '../network/timetable.ts';
import type { BatchSize } from '../plan/batch.ts';
import { CAPABILITIES, CHOICES, VALUES } from '../plan/choices.ts';
import { FIT_OPTIONS } from '../plan/fit.ts';
import { wholePass } from '../plan/program.ts';
import type { WordsOptions } from '../plan/words/options.ts';
import { planWords, type WordsProgram, wordsPackers } from '../plan/words/plan.ts';
import {
  type Batch,
  checkChoice,
  collect,
  logitsAt,
  type OnBatch,
  type Points,
  type RunSummary,
  type RunTiming,
  takeBatch,
} from './batch.ts';
import type { Loaded } from './load.ts';
import { Runner } from './runner.ts';
import { copiedPixels, type ImageSource } from './source.ts';

/** How a session runs. `form`, `arithmetic` and `weights` force one way on all layers; every way gives the same bits. */
export interface SessionOptions extends Partial<Omit<WordsOptions, 'software'>> {
  /** Images at once, at most, or "auto" (default): as many as fill the device. Cut to the device's limits. */
  readonly batch?: BatchSize;
  /** Words that every layer sends (default 3). More waves, less error. */
  readonly waves?: number;
}

/** What each of `SessionOptions` must be. */
export const SESSION_OPTIONS: Checks<SessionOptions> = {
  ...FIT_OPTIONS,
  waves: integer(1, 128),
  form: oneOf(...VALUES.form),
  arithmetic: oneOf(...VALUES.arithmetic),
  weights: oneOf(...VALUES.weights),
  keepWords: BOOLEAN,
  readWords: BOOLEAN,
  keepMembranes: BOOLEAN,
  capabilities: CAPABILITIES,
  choices: CHOICES,
};

/** What a run of a few images yields. */
export interface RunResult {
  readonly images: number;
  /** The logits after the last wave, [image][class], in the ANN's units. */
  readonly logits: Float32Array;
  /** Time steps from the image's onset at which the readout's potentials were taken (specification, section 6). */
  readonly steps: readonly number[];
  /** The readout's membranes, [step][image][class]: integers of any size, equal on every device. */
  readonly potentials: Float64Array;
  /** Real logits of one unit of potential, a class: logits = potential · unit / wave. */
  readonly units: Float64Array;
  /** Spikes of each layer (0 for pools and readout), all images and waves together. */
  readonly spikes: readonly number[];
  readonly timing: RunTiming;
}

/** What a session of a network would be, before anything is made. @throws OptionError, DeviceError where not even one image fits */
export function planSession(device: Device, network: SpikingNetwork, options: SessionOptions): WordsProgram {
  checkChoice(device, options);
  const { limits, capabilities } = device;
  const { software } = capabilities;
  return planWords(network, limits, { capabilities, software, batch: 'auto', waves: 3, ...options });
}

/**
 * Runs a spiking network on a device with the windowed engine: layer by layer, one dispatch a layer for all images of a
 * batch and all waves. Owns its buffers; `dispose()` frees them.
 */
export class Session {
  readonly network: SpikingNetwork;
  readonly #runner: Runner<WordsProgram>;

  private constructor(network: SpikingNetwork, runner: Runner<WordsProgram>) {
    this.network = network;
    this.#runner = runner;
  }

  /**
   * Plans the network for the device, makes its buffers and compiles its kernels.
   * @throws OptionError, DeviceError
   */
  static async create(device: Device, network: SpikingNetwork, options: SessionOptions = {}): Promise<Session> {
    checkArgument('device', device, DEVICE);
    checkArgument('network', network, NETWORK);
    const given = checkOptions(options, SESSION_OPTIONS);
    const plan = (batch: BatchSize = given.batch ?? 'auto') => planSession(device, network, { ...given, batch });
    return new Session(network, await Runner.create(device, plan, () => wordsPackers(network)));
  }

  get device(): Device {
    return this.#runner.device;
  }

  /** What was decided before anything ran: printable. */
  get plan(): WordsProgram {
    return this.#runner.program;
  }

  /** The buffers and kernels, for what reads words and membranes back (`observe`). */
  get engine(): Loaded<WordsProgram> {
    return this.#runner.loaded;
  }

  /** Images at once for which the device had no memory, so that the plan has fewer; null where it had. */
  get refusedBatch(): number | null {
    return this.#runner.refusedBatch;
  }

  /** Bytes of GPU memory that the session holds. */
  get bytes(): number {
    return this.#runner.bytes;
  }

  /** When the potentials of a batch are taken: after every step of every wave; the logits are the mean of the waves so far. */
  get points(): Points {
    const { waves, points } = this.plan;
    const steps = readoutSteps(this.network.timetable, waves);
    return { steps, divisors: steps.map((_, i) => Math.floor(i / points) + 1) };
  }

  /** The points after which whole words are in, one a wave. */
  get words(): readonly number[] {
    const { waves, points } = this.plan;
    return Array.from({ length: waves }, (_, wave) => (wave + 1) * points - 1);
  }

  /** Real logits of one unit of potential, a class: logits = potential · unit / divisor of the point. */
  get units(): Float64Array {
    return readoutOf(this.network).units.unit;
  }

  /**
   * Runs the images of a source, batch by batch; nothing but the batches under way is held. Calls may overlap; they run one after
   * another.
   * @param onBatch takes what each batch gave, in order
   * @throws OptionError for the source and what it gives, DeviceError, and whatever `onBatch` throws; the session can be used again
   */
  async run(source: ImageSource, onBatch: OnBatch<Batch>): Promise<RunSummary> {
    checkArgument('onBatch', onBatch, FUNCTION);
    return this.#runner.alone(() => {
      const pass = wholePass(this.plan);
      const take = takeBatch(this.plan, this.network.layers.length, (point) => point % this.plan.points === 0);
      return this.#runner.run(source, this.network.input.shape, { passes: () => [pass], take, deliver: onBatch });
    });
  }

  /**
   * Classifies images in memory and keeps all their potentials: for few of them.
   * @param pixels 0…255, [image][channel][y][x], any number of whole images; they are copied
   * @param onProgress called with the number of images done so far
   */
  async classify(pixels: Uint8Array, onProgress?: (images: number) => void): Promise<RunResult> {
    checkOptional('onProgress', onProgress, FUNCTION);
    const source = copiedPixels(pixels, this.network.input.shape);
    const { points, units } = this;
    const { steps } = points;
    const { count: images } = source;
    const { potentials, spikes, add } = collect(images, steps.length, units.length, this.network.layers.length);
    const { timing } = await this.run(source, (batch) => {
      add(batch);
      onProgress?.(batch.first + batch.images);
    });
    const logits = Float32Array.from(logitsAt({ potentials, images }, steps.length - 1, this));
    return { images, logits, steps, potentials, units, spikes, timing };
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#runner.dispose();
  }
}
