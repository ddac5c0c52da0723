import { type Ann, shapeSize } from '../ann/ann.ts';
import { perChannel } from '../ann/pixels.ts';
import { BINS, type LayerStatistics } from '../ann/statistics.ts';
import { readBuffer } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { type CellsProgram, cellsPackers, planCells } from '../plan/cells/plan.ts';
import type { Pass } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';
import type { Loaded } from './load.ts';
import { Runner, type RunSummary } from './runner.ts';
import { type ImageSource, pixelsSource } from './source.ts';

/** Pixels are normalised by these before they enter the network: (p / 255 − mean) / std, one value a channel or one for all. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How an ANN session runs. */
export interface AnnSessionOptions extends Normalization {
  /** Images at once, at most (default 64); cut to the device's limits. */
  readonly batch?: number;
  /** Bytes that its buffers may take together (default 2 GiB). */
  readonly memory?: number;
  /** Keep the activations of all layers of the last batch, for diagnosis. */
  readonly keepCells?: boolean;
}

/** What one batch of the trained network gave. */
export interface AnnBatch {
  readonly first: number;
  readonly images: number;
  /** [image][class] */
  readonly logits: Float32Array;
}

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
    const { batch = 64, memory, keepCells = false } = options;
    const program = planCells(ann, device.limits, { batch, memory, keepCells });
    const [mean, std] = (['mean', 'std'] as const).map((name) => perChannel(options[name], ann.input.channels, name));
    return new AnnSession(ann, await Runner.create(device, program, cellsPackers(ann, mean, std)));
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

  /** Bytes of GPU memory that the session holds. */
  get bytes(): number {
    return this.#runner.bytes;
  }

  /**
   * Classifies the images of a source, batch after batch; nothing is kept. Calls may overlap; they run one after another.
   * @param onBatch takes what each batch gave, in order; the next one is computed meanwhile
   * @throws OptionError, DeviceError, and what the source or `onBatch` throws
   */
  run(
    source: ImageSource,
    onBatch: (batch: AnnBatch) => void | Promise<void>,
    onProgress?: (images: number) => void,
  ): Promise<RunSummary> {
    return this.#runner.alone(() => this.#run(source, onBatch, false, onProgress));
  }

  /** Classifies images in memory. @param images pixels 0…255, [image][channel][y][x] */
  async classify(images: Uint8Array, onProgress?: (images: number) => void): Promise<AnnResult> {
    const source = pixelsSource(images, this.ann.input);
    const logits = new Float32Array(source.count * this.#classes);
    await this.run(source, (batch) => logits.set(batch.logits, batch.first * this.#classes), onProgress);
    return { images: source.count, logits };
  }

  /** Runs the images of a source and returns each layer's distribution. Activations stay on the GPU. */
  calibrate(source: ImageSource, onProgress?: (images: number) => void): Promise<Calibration> {
    return this.#runner.alone(async () => {
      const { handle } = this.device;
      const clear = handle.createCommandEncoder();
      clear.clearBuffer(this.engine.data.bins);
      handle.queue.submit([clear.finish()]);
      let largestLogit = 0;
      const look = ({ logits }: AnnBatch) => {
        largestLogit = logits.reduce((most, v) => Math.max(most, Math.abs(v)), largestLogit);
      };
      const { images } = await this.#run(source, look, true, onProgress);
      return { images, statistics: await this.#readStatistics(images), largestLogit };
    });
  }

  get #classes(): number {
    return this.ann.layers[this.ann.layers.length - 1].shape.channels;
  }

  #run(
    source: ImageSource,
    onBatch: (batch: AnnBatch) => void | Promise<void>,
    counting: boolean,
    onProgress?: (images: number) => void,
  ): Promise<RunSummary> {
    const { dispatches, batch } = this.plan;
    const chosen = [...dispatches.keys()].filter((d) => counting || dispatches[d].kernel !== 'histogram');
    const pass: Pass<Steps> = { chunk: null, dispatches: chosen, mark: null };
    const classes = this.#classes;
    return this.#runner.run(source, {
      passes: () => [pass],
      land: (mapped, first, images) => {
        // cells of four classes, [block][image of the layout], to [image][class]
        const cells = new Float32Array(mapped, 0, this.plan.results[0].size / 4);
        const logits = Float32Array.from({ length: images * classes }, (_, i) => {
          const [n, o] = [Math.floor(i / classes), i % classes];
          return cells[((o >> 2) * batch + n) * 4 + (o & 3)];
        });
        return onBatch({ first, images, logits });
      },
      onProgress,
    });
  }

  async #readStatistics(images: number): Promise<(LayerStatistics | null)[]> {
    const { bins } = this.engine.data;
    const all = new Uint32Array(await readBuffer(this.device, bins, 0, bins.size));
    return this.ann.layers.map((layer, l) => {
      const at = this.plan.counted.indexOf(l);
      return at < 0 ? null : { count: shapeSize(layer.shape) * images, bins: all.subarray(at * BINS, (at + 1) * BINS) };
    });
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#runner.dispose();
  }
}
