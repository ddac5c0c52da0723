import { ANN, type Ann } from '../ann/ann.ts';
import { normalizationOf } from '../ann/pixels.ts';
import { BOOLEAN, type Checks, checkArgument, checkOptional, checkOptions, FUNCTION, listOf, number, required } from '../checks.ts';
import { DEVICE, type Device } from '../gpu/device.ts';
import type { BatchSize } from '../plan/batch.ts';
import { type CellsProgram, cellsPackers, planCells } from '../plan/cells/plan.ts';
import { FIT_OPTIONS } from '../plan/fit.ts';
import { wholePass } from '../plan/program.ts';
import type { AnnBatch, OnBatch, RunSummary } from './batch.ts';
import type { Loaded } from './load.ts';
import { logitsOfCells } from './logits.ts';
import { Runner } from './runner.ts';
import { copiedPixels, type ImageSource } from './source.ts';

/** Pixels are normalised by these before they enter the network: (p / 255 − mean) / std, one value a channel or one for all. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How an ANN session runs. */
export interface AnnSessionOptions extends Normalization {
  /** Images at once, at most, or "auto" (default): as many as fill the device. Cut to the device's limits. */
  readonly batch?: BatchSize;
  /** Images that there will be: "auto" takes no more. Default: any number. */
  readonly imageCount?: number;
  /** Bytes that its buffers may take together (default 2 GiB, or the device's largest buffer). */
  readonly memory?: number;
  /** Keep the activations of all layers of the last batch, for diagnosis. */
  readonly keepCells?: boolean;
}

/** What each of `AnnSessionOptions` must be. */
export const ANN_SESSION_OPTIONS: Checks<AnnSessionOptions> = {
  ...FIT_OPTIONS,
  mean: required(listOf(number('a number', () => true, 'it is of pixels / 255'))),
  std: required(listOf(number('a number above 0', (v) => v > 0, 'it is of pixels / 255'))),
  keepCells: BOOLEAN,
};

/** What a run of a few images yields. */
export interface AnnResult {
  readonly images: number;
  /** [image][class] */
  readonly logits: Float32Array;
}

/** Runs the trained network in f32 on a device: the baseline. Calibration has a session of its own. */
export class AnnSession {
  readonly ann: Ann;
  readonly #runner: Runner<CellsProgram>;

  private constructor(ann: Ann, runner: Runner<CellsProgram>) {
    this.ann = ann;
    this.#runner = runner;
  }

  /** Plans, makes buffers, compiles. @throws OptionError, DeviceError */
  static async create(device: Device, ann: Ann, options: AnnSessionOptions): Promise<AnnSession> {
    checkArgument('device', device, DEVICE);
    checkArgument('ann', ann, ANN);
    const given = checkOptions(options, ANN_SESSION_OPTIONS);
    const { imageCount, memory, keepCells = false } = given;
    const { software } = device.capabilities;
    const settled = { imageCount, software, memory, keepCells };
    const plan = (batch: BatchSize = given.batch ?? 'auto') => planCells(ann, device.limits, { ...settled, batch });
    const { mean, std } = normalizationOf(ann, given);
    return new AnnSession(ann, await Runner.create(device, plan, () => cellsPackers(ann, mean, std)));
  }

  get device(): Device {
    return this.#runner.device;
  }

  /** What was decided before anything ran: printable. */
  get plan(): CellsProgram {
    return this.#runner.program;
  }

  /** The buffers and kernels, for what reads activations back (`observe`). */
  get engine(): Loaded<CellsProgram> {
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

  /**
   * Runs the images of a source, batch by batch; calls may overlap and run one after another.
   * @param onBatch takes what each batch gave, in order
   * @throws OptionError for the source and what it gives, DeviceError, and whatever `onBatch` throws; the session can be used again
   */
  async run(source: ImageSource, onBatch: OnBatch<AnnBatch>): Promise<RunSummary> {
    checkArgument('onBatch', onBatch, FUNCTION);
    const passes = [wholePass(this.plan)];
    const take = (mapped: ArrayBuffer, first: number, images: number) => this.#take(mapped, first, images);
    const work = { passes: () => passes, take, deliver: onBatch };
    return this.#runner.alone(() => this.#runner.run(source, this.ann.input, work));
  }

  /** Classifies images in memory: for few of them. @param pixels 0…255, [image][channel][y][x] */
  async classify(pixels: Uint8Array, onProgress?: (images: number) => void): Promise<AnnResult> {
    checkOptional('onProgress', onProgress, FUNCTION);
    const source = copiedPixels(pixels, this.ann.input);
    const logits = new Float32Array(source.count * this.#classes);
    await this.run(source, ({ first, images, logits: some }) => {
      logits.set(some, first * this.#classes);
      onProgress?.(first + images);
    });
    return { images: source.count, logits };
  }

  get #classes(): number {
    return this.ann.layers[this.ann.layers.length - 1].shape.channels;
  }

  #take(mapped: ArrayBuffer, first: number, images: number): AnnBatch {
    const cells = new Float32Array(mapped, 0, this.plan.results[0].size / 4);
    return { first, images, logits: logitsOfCells(cells, this.plan.batch, images, this.#classes) };
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#runner.dispose();
  }
}
