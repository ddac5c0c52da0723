import { ANN, type Ann, shapeSize } from '../ann/ann.ts';
import { normalizationOf } from '../ann/pixels.ts';
import {
  BINS,
  type Bins,
  CHANNEL_BINS,
  channelDistribution,
  type Distribution,
  type LayerStatistics,
  layerDistribution,
} from '../ann/statistics.ts';
import { BOOLEAN, type Checks, checkArgument, checkOptional, checkOptions, FUNCTION, listOf, number, required } from '../checks.ts';
import { readBuffer } from '../gpu/buffers.ts';
import { DEVICE, type Device } from '../gpu/device.ts';
import type { Dispatch } from '../kernels/kernel.ts';
import type { BatchSize } from '../plan/batch.ts';
import { firstInGroup, firstMaximum } from '../plan/cells/histograms.ts';
import { type CellsProgram, cellsPackers, planCells } from '../plan/cells/plan.ts';
import { countableImages } from '../plan/counters.ts';
import { FIT_OPTIONS } from '../plan/fit.ts';
import type { Pass } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';
import type { AnnBatch, OnBatch, RunSummary } from './batch.ts';
import type { Loaded } from './load.ts';
import { Runner } from './runner.ts';
import { checkSource, copiedPixels, type ImageSource, sliceSource } from './source.ts';

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
  /** Measure each channel too when it calibrates, in a second run over the images. */
  readonly countChannels?: boolean;
}

/** What each of `AnnSessionOptions` must be. */
export const ANN_SESSION_OPTIONS: Checks<AnnSessionOptions> = {
  ...FIT_OPTIONS,
  mean: required(listOf(number('a number', () => true, 'it is of pixels / 255'))),
  std: required(listOf(number('a number above 0', (v) => v > 0, 'it is of pixels / 255'))),
  keepCells: BOOLEAN,
  countChannels: BOOLEAN,
};

/** What a run of a few images yields. */
export interface AnnResult {
  readonly images: number;
  /** [image][class] */
  readonly logits: Float32Array;
}

/** What calibration measures. */
export interface Calibration {
  readonly images: number;
  /** Each layer's distribution; `null` for pools and the readout. */
  readonly statistics: readonly (LayerStatistics | null)[];
  /** The largest magnitude of a logit. */
  readonly largestLogit: number;
}

/** Runs the trained network in f32 on a device: the baseline, and the statistics that the scales come from. */
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
    const { imageCount, memory, keepCells = false, countChannels = false } = given;
    const { software } = device.capabilities;
    const settled = { imageCount, software, memory, keepCells, countChannels };
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
    return this.#runner.alone(() => this.#run(source, () => false, onBatch));
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

  /**
   * Runs the images and measures what scales are chosen by. Activations stay on the GPU. Calls queue as those of `run` do. Where
   * channels are measured too, the images run again, since what is counted of a channel depends on its greatest value: once, or as
   * often as the histograms of all channels do not fit one buffer.
   * @param onBatch takes what each batch gave, as in `run`; of the first run alone
   */
  calibrate(source: ImageSource, onBatch?: OnBatch<AnnBatch>): Promise<Calibration> {
    return this.#runner.alone(async () => {
      checkSource(source, this.ann.input);
      const images = source.count;
      let largestLogit = 0;
      this.#clear(['maxima']);
      const ofLayers = ({ variant }: Dispatch) => !variant.byChannel;
      const bins = await this.#count('bins', source, ofLayers, (batch) => {
        largestLogit = batch.logits.reduce((most, v) => Math.max(most, Math.abs(v)), largestLogit);
        return onBatch?.(batch);
      });
      const channels = await this.#countChannels(source, images);
      const statistics = this.ann.layers.map((layer, l) => {
        const at = this.plan.counted.indexOf(l);
        if (at < 0) return null;
        const own = bins.subarray(at * BINS, (at + 1) * BINS);
        return { ...layerDistribution(shapeSize(layer.shape) * images, own), channels: channels[l] ?? null };
      });
      return { images, statistics, largestLogit };
    });
  }

  /** Distributions of channels, by layer, once their maxima are known; none without room for them. */
  async #countChannels(source: ImageSource, images: number): Promise<readonly (readonly Distribution[])[]> {
    const { ann, plan } = this;
    const found: Distribution[][] = [];
    if (plan.channelGroups.length === 0) return found;
    const maxima = await this.#read('maxima');
    for (const group of plan.channelGroups) {
      const ofGroup = ({ layer, variant }: Dispatch) => variant.byChannel === true && group.includes(layer);
      const bins = await this.#count('channelBins', source, ofGroup, () => {});
      for (const l of group) {
        const { channels, height, width } = ann.layers[l].shape;
        const first = firstInGroup(ann, group, l);
        found[l] = Array.from({ length: channels }, (_, c) => {
          const own = bins.slice((first + c) * CHANNEL_BINS, (first + c + 1) * CHANNEL_BINS);
          return channelDistribution(height * width * images, own, maxima[firstMaximum(ann, plan, l) + c]);
        });
      }
    }
    return found;
  }

  /** Runs images and counts them in histograms, which are read as often as their 32 bits could pass. */
  async #count(
    name: 'bins' | 'channelBins',
    source: ImageSource,
    counting: (histogram: Dispatch) => boolean,
    deliver: OnBatch<AnnBatch>,
  ): Promise<Bins> {
    const most = countableImages(this.ann.layers, this.plan.batch);
    let counted: Bins | null = null;
    for (let first = 0; first === 0 || first < source.count; first += most) {
      this.#clear([name]);
      const part = sliceSource(source, first, Math.min(most, source.count - first));
      await this.#run(part, counting, (batch) => deliver({ ...batch, first: first + batch.first }));
      const more = await this.#read(name);
      counted = counted === null ? more : Float64Array.from(more, (n, i) => n + (counted as Bins)[i]);
    }
    return counted as Bins;
  }

  /** Sets buffers to 0, where the plan has them. */
  #clear(names: readonly (keyof CellsProgram['buffers'])[]): void {
    const { handle } = this.device;
    const encoder = handle.createCommandEncoder();
    for (const name of names) if (name in this.engine.data) encoder.clearBuffer(this.engine.data[name]);
    handle.queue.submit([encoder.finish()]);
  }

  async #read(name: string): Promise<Uint32Array> {
    const buffer = this.engine.data[name];
    return new Uint32Array(await readBuffer(this.device, buffer, 0, buffer.size));
  }

  get #classes(): number {
    return this.ann.layers[this.ann.layers.length - 1].shape.channels;
  }

  /** @param counting which histograms are filled */
  #run(source: ImageSource, counting: (histogram: Dispatch) => boolean, deliver: OnBatch<AnnBatch>): Promise<RunSummary> {
    const { dispatches } = this.plan;
    const chosen = [...dispatches.keys()].filter((d) => dispatches[d].kernel !== 'histogram' || counting(dispatches[d]));
    const pass: Pass<Steps> = { chunk: null, dispatches: chosen, mark: null };
    const take = (mapped: ArrayBuffer, first: number, images: number) => this.#take(mapped, first, images);
    return this.#runner.run(source, this.ann.input, { passes: () => [pass], take, deliver });
  }

  /** Cells of four classes, [block][image of the layout], to [image][class]. */
  #take(mapped: ArrayBuffer, first: number, images: number): AnnBatch {
    const { batch, results } = this.plan;
    const classes = this.#classes;
    const cells = new Float32Array(mapped, 0, results[0].size / 4);
    const logits = new Float32Array(images * classes);
    for (let n = 0; n < images; n++) {
      for (let o = 0; o < classes; o++) logits[n * classes + o] = cells[((o >> 2) * batch + n) * 4 + (o & 3)];
    }
    return { first, images, logits };
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#runner.dispose();
  }
}
