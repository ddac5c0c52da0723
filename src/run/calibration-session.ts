import { type Ann, shapeSize } from '../ann/ann.ts';
import { type Grids, layerUnit } from '../ann/fixed.ts';
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
import { readBuffer } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import type { Dispatch } from '../kernels/kernel.ts';
import type { BatchSize } from '../plan/batch.ts';
import { firstInGroup, firstMaximum } from '../plan/cells/histograms.ts';
import { type CellsProgram, planCells } from '../plan/cells/plan.ts';
import { countableImages } from '../plan/counters.ts';
import type { Pass } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';
import type { AnnSessionOptions } from './ann-session.ts';
import type { AnnBatch, OnBatch, RunSummary } from './batch.ts';
import { GridFinder } from './find-grids.ts';
import type { Loaded } from './load.ts';
import { logitsOfCells } from './logits.ts';
import { Runner } from './runner.ts';
import { checkSource, type ImageSource, sliceSource } from './source.ts';

/** How a calibration runs. */
export interface CalibrationSessionOptions extends Omit<AnnSessionOptions, 'imageCount'> {
  /** Measure each channel too, in a second run over the images. */
  readonly countChannels?: boolean;
  /** Grids of another session of the network; by default they are looked for on some of the images. */
  readonly grids?: Grids | undefined;
}

/** What calibration measures: the same on every device. */
export interface Calibration {
  readonly images: number;
  /** Each layer's distribution; `null` for pools and the readout. */
  readonly statistics: readonly (LayerStatistics | null)[];
  /** The largest magnitude of a logit. */
  readonly largestLogit: number;
  /** What the integers of the input and of each layer stand for. */
  readonly grids: Grids;
}

/**
 * Runs the trained network in integers on a grid (`ann/fixed`): the statistics that a conversion comes from, which are the same on every
 * device and for every batch. What the trained network is worth is `AnnSession`'s to say, in f32.
 */
export class CalibrationSession {
  readonly ann: Ann;
  readonly grids: Grids;
  /** The calibration images. */
  readonly source: ImageSource;
  readonly #runner: Runner<CellsProgram>;

  private constructor(ann: Ann, source: ImageSource, runner: Runner<CellsProgram>, grids: Grids) {
    this.ann = ann;
    this.grids = grids;
    this.source = source;
    this.#runner = runner;
  }

  /** Plans, makes buffers, compiles, finds the grids. @param source of the calibration images @throws OptionError, DeviceError */
  static async create(
    device: Device,
    ann: Ann,
    source: ImageSource,
    { batch: most = 'auto', countChannels = false, grids: known, ...options }: CalibrationSessionOptions,
  ): Promise<CalibrationSession> {
    checkSource(source, ann.input);
    const { memory, keepCells = false } = options;
    const { software } = device.capabilities;
    const settled = { imageCount: source.count, software, memory, keepCells, exact: { countChannels } };
    const plan = (batch: BatchSize = most) => planCells(ann, device.limits, { ...settled, batch });
    const normalization = normalizationOf(ann, options);
    const runner = await Runner.create(device, plan, () => ({}));
    try {
      const grids = await runner.alone(() => gridsOf(new GridFinder(runner.loaded, ann, normalization), source, known));
      return new CalibrationSession(ann, source, runner, grids);
    } catch (error) {
      runner.dispose();
      throw error;
    }
  }

  /** What was decided before anything ran: printable. */
  get plan(): CellsProgram {
    return this.#runner.program;
  }

  get device(): Device {
    return this.#runner.device;
  }

  /** The buffers and kernels, for what reads activations back (`observe`). */
  get engine(): Loaded<CellsProgram> {
    return this.#runner.loaded;
  }

  /** Images at once for which the device had no memory, so that the plan has fewer; null where it had. */
  get refusedBatch(): number | null {
    return this.#runner.refusedBatch;
  }

  /** Runs the images of a source, on the grids that there are; as `AnnSession.run`. */
  run(source: ImageSource, onBatch: OnBatch<AnnBatch>): Promise<RunSummary> {
    return this.#runner.alone(() => this.#run(source, () => false, onBatch));
  }

  /**
   * Runs the calibration images and measures what scales are chosen by. Activations stay on the GPU. Where channels are measured too, the
   * images run again, since what is counted of a channel depends on its greatest value: once, or as often as the histograms of all
   * channels do not fit one buffer.
   * @param onBatch takes what each batch gave; of the first run alone
   */
  calibrate(onBatch?: OnBatch<AnnBatch>): Promise<Calibration> {
    return this.#runner.alone(async () => {
      const images = this.source.count;
      let largestLogit = 0;
      this.#clear(['maxima']);
      const ofLayers = ({ variant }: Dispatch) => !variant.byChannel;
      const bins = await this.#count('bins', ofLayers, (batch) => {
        largestLogit = batch.logits.reduce((most, v) => Math.max(most, Math.abs(v)), largestLogit);
        return onBatch?.(batch);
      });
      const channels = await this.#countChannels();
      const statistics = this.ann.layers.map((layer, l) => {
        const at = this.plan.counted.indexOf(l);
        if (at < 0) return null;
        const own = bins.subarray(at * BINS, (at + 1) * BINS);
        const whole = layerDistribution(shapeSize(layer.shape) * images, own, layerUnit(this.grids[l + 1]));
        return { ...whole, channels: channels[l] ?? null };
      });
      return { images, statistics, largestLogit, grids: this.grids };
    });
  }

  /** Distributions of channels, by layer, once their maxima are known; none without room for them. */
  async #countChannels(): Promise<readonly (readonly Distribution[])[]> {
    const { ann, plan } = this;
    const images = this.source.count;
    const found: Distribution[][] = [];
    if (plan.channelGroups.length === 0) return found;
    const maxima = await this.#read('maxima');
    for (const group of plan.channelGroups) {
      const ofGroup = ({ layer, variant }: Dispatch) => variant.byChannel === true && group.includes(layer);
      const bins = await this.#count('channelBins', ofGroup, () => {});
      for (const l of group) {
        const { channels, height, width } = ann.layers[l].shape;
        const first = firstInGroup(ann, group, l);
        found[l] = Array.from({ length: channels }, (_, c) => {
          const own = bins.slice((first + c) * CHANNEL_BINS, (first + c + 1) * CHANNEL_BINS);
          const maximum = maxima[firstMaximum(ann, plan, l) + c];
          return channelDistribution(height * width * images, own, maximum, this.grids[l + 1].unit[c]);
        });
      }
    }
    return found;
  }

  /** Runs images and counts them in histograms, which are read as often as their 32 bits could pass. */
  async #count(
    name: 'bins' | 'channelBins',
    counting: (histogram: Dispatch) => boolean,
    deliver: OnBatch<AnnBatch>,
  ): Promise<Bins> {
    const source = this.source;
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
    for (const name of names) encoder.clearBuffer(this.engine.data[name]);
    handle.queue.submit([encoder.finish()]);
  }

  async #read(name: string): Promise<Uint32Array> {
    const buffer = this.engine.data[name];
    return new Uint32Array(await readBuffer(this.device, buffer, 0, buffer.size));
  }

  /** @param counting which histograms are filled */
  #run(source: ImageSource, counting: (histogram: Dispatch) => boolean, deliver: OnBatch<AnnBatch>): Promise<RunSummary> {
    const { dispatches } = this.plan;
    const chosen = [...dispatches.keys()].filter((d) => dispatches[d].kernel !== 'histogram' || counting(dispatches[d]));
    const pass: Pass<Steps> = { chunk: null, dispatches: chosen, mark: null };
    const take = (mapped: ArrayBuffer, first: number, images: number) => this.#take(mapped, first, images);
    return this.#runner.run(source, this.ann.input, { passes: () => [pass], take, deliver });
  }

  #take(mapped: ArrayBuffer, first: number, images: number): AnnBatch {
    const { batch, results } = this.plan;
    const { unit } = this.grids[this.ann.layers.length];
    const cells = new Int32Array(mapped, 0, results[0].size / 4);
    return { first, images, logits: logitsOfCells(cells, batch, images, unit.length, unit) };
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#runner.dispose();
  }
}

/** Grids that are known, or found on some images; the network is uploaded on them. */
async function gridsOf(finder: GridFinder, source: ImageSource, known: Grids | undefined): Promise<Grids> {
  if (known === undefined) return finder.find(source);
  finder.take(known);
  return known;
}
