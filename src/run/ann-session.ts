import { type Ann, shapeSize } from '../ann/ann.ts';
import { perChannel } from '../ann/pixels.ts';
import { BINS, type LayerStatistics } from '../ann/statistics.ts';
import { Buffers, mapForReading, readBuffer } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { annConvolve, annEncode, annParameters, annPool, histogram } from '../kernels/ann.ts';
import { type BoundKernel, dispatch, packParameters } from '../kernels/kernel.ts';
import { type AnnDispatch, type AnnPlan, makeAnnPlan } from '../plan/cells/plan.ts';
import { bindingRange } from '../plan/tables.ts';
import type { AnnBatch, OnBatch } from './batch.ts';
import { checkSource, type ImageSource, pixelsSource } from './source.ts';
import { IN_FLIGHT, oneAfterAnother, stream, upload } from './stream.ts';

/** Pixels are normalised by these before they enter the network: (p / 255 − mean) / std, one value a channel or one for all. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How an ANN session runs. */
export interface AnnSessionOptions extends Normalization {
  /** Images at once, at most (default 64); cut to the device's limits. */
  readonly batch?: number;
  /** Keep the activations of all layers of the last batch, for diagnosis. */
  readonly keepCells?: boolean;
}

/** What a run of the trained network yields. */
export interface AnnResult {
  readonly images: number;
  /** [image][class] */
  readonly logits: Float32Array;
}

/** What calibration images showed. */
export interface Calibration {
  readonly images: number;
  /** Distribution of each layer's activations; null for pools and the readout. */
  readonly statistics: readonly (LayerStatistics | null)[];
  /** The largest absolute value of a logit. */
  readonly largestLogit: number;
}

interface AnnEngine {
  readonly buffers: Buffers;
  readonly kernels: readonly { readonly kernel: BoundKernel; readonly counts: boolean }[];
  readonly cells: GPUBuffer;
  readonly pixels: GPUBuffer;
  readonly batch: GPUBuffer;
  readonly bins: GPUBuffer;
  readonly readbacks: readonly GPUBuffer[];
}

/** Runs the trained network in f32 on a device: the baseline, and the statistics that the scales come from. */
export class AnnSession {
  readonly device: Device;
  readonly ann: Ann;
  readonly plan: AnnPlan;
  readonly #engine: AnnEngine;
  readonly #queue = oneAfterAnother();

  private constructor(device: Device, ann: Ann, plan: AnnPlan, engine: AnnEngine) {
    this.device = device;
    this.ann = ann;
    this.plan = plan;
    this.#engine = engine;
  }

  /** Plans, makes buffers, compiles. @throws OptionError, DeviceError */
  static async create(device: Device, ann: Ann, options: AnnSessionOptions): Promise<AnnSession> {
    const plan = makeAnnPlan(ann, device.limits, options.batch ?? 64, { keepCells: options.keepCells ?? false });
    return new AnnSession(device, ann, plan, await prepare(device, ann, plan, options));
  }

  /**
   * Runs the images of a source, batch by batch; calls may overlap and run one after another.
   * @param onBatch takes what each batch gave, in order
   * @throws OptionError for the source and what it gives, DeviceError, and whatever `onBatch` throws; the session can be used again
   */
  run(source: ImageSource, onBatch: OnBatch<AnnBatch>): Promise<{ readonly images: number }> {
    return this.#queue(() => this.#run(source, false, onBatch));
  }

  /**
   * Classifies images in memory: for few of them.
   * @param pixels 0…255, [image][channel][y][x]
   */
  async classify(pixels: Uint8Array, onProgress?: (images: number) => void): Promise<AnnResult> {
    const source = pixelsSource(pixels, this.ann.input);
    const logits = new Float32Array(source.count * this.#classes);
    return {
      logits,
      ...(await this.run(source, ({ first, images, logits: some }) => {
        logits.set(some, first * this.#classes);
        onProgress?.(first + images);
      })),
    };
  }

  /** Runs the images and measures what scales are chosen by. Activations stay on the GPU. Calls queue as those of `run` do. */
  calibrate(source: ImageSource, onProgress?: (images: number) => void): Promise<Calibration> {
    return this.#queue(async () => {
      const clear = this.device.handle.createCommandEncoder();
      clear.clearBuffer(this.#engine.bins);
      this.device.handle.queue.submit([clear.finish()]);
      let largestLogit = 0;
      const { images } = await this.#run(source, true, (batch) => {
        largestLogit = batch.logits.reduce((most, v) => Math.max(most, Math.abs(v)), largestLogit);
        onProgress?.(batch.first + batch.images);
      });
      return { images, statistics: await this.#readStatistics(images), largestLogit };
    });
  }

  get #classes(): number {
    return this.ann.layers[this.ann.layers.length - 1].shape.channels;
  }

  async #run(source: ImageSource, counting: boolean, onBatch: OnBatch<AnnBatch>): Promise<{ readonly images: number }> {
    this.device.check();
    checkSource(source, this.ann.input);
    await stream(source, this.plan.batch, {
      submit: (pixels, _, n, slot) => this.#submit(pixels, n, slot, counting),
      land: (buffer, first, n) => this.#collect(buffer, first, n),
      deliver: onBatch,
    });
    return { images: source.count };
  }

  #submit(images: Uint8Array, count: number, slot: number, counting: boolean): GPUBuffer {
    const { handle } = this.device;
    const { kernels, pixels, batch, cells, readbacks } = this.#engine;
    upload(this.device, pixels, batch, images, count);
    const encoder = handle.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { kernel, counts } of kernels) if (counting || !counts) dispatch(pass, kernel);
    pass.end();
    encoder.copyBufferToBuffer(cells, this.plan.logits * 16, readbacks[slot], 0, readbacks[slot].size);
    handle.queue.submit([encoder.finish()]);
    return readbacks[slot];
  }

  /** Cells of four classes, [block][image], to [image][class]. */
  async #collect(buffer: GPUBuffer, first: number, images: number): Promise<AnnBatch> {
    const classes = this.#classes;
    const logits = new Float32Array(images * classes);
    const cells = new Float32Array(await mapForReading(buffer, () => this.device.check()));
    for (let n = 0; n < images; n++) {
      for (let o = 0; o < classes; o++) logits[n * classes + o] = cells[((o >> 2) * this.plan.batch + n) * 4 + (o & 3)];
    }
    buffer.unmap();
    this.device.check();
    return { first, images, logits };
  }

  async #readStatistics(images: number): Promise<(LayerStatistics | null)[]> {
    const { bins } = this.#engine;
    const all = new Uint32Array(await readBuffer(this.device, bins, 0, bins.size));
    return this.ann.layers.map((layer, l) => {
      const at = this.plan.counted.indexOf(l);
      return at < 0 ? null : { count: shapeSize(layer.shape) * images, bins: all.subarray(at * BINS, (at + 1) * BINS) };
    });
  }

  /** Bytes of GPU memory that the session holds. */
  get bytes(): number {
    return this.#engine.buffers.bytes;
  }

  /** Activations of the last batch, in cells of four channels; of all layers (`plan.layers`) with `keepCells`. */
  get cells(): GPUBuffer {
    return this.#engine.cells;
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#engine.buffers.dispose();
  }
}

async function prepare(device: Device, ann: Ann, plan: AnnPlan, { mean, std }: Normalization): Promise<AnnEngine> {
  const buffers = new Buffers(device);
  const { channels: inputs } = ann.input;
  const means = perChannel(mean, inputs, 'mean');
  const deviations = perChannel(std, inputs, 'std');
  const normalization = Float32Array.from({ length: inputs * 2 }, (_, i) => (i % 2 === 0 ? means : deviations)[i >> 1]);
  try {
    return await device.guard(`network "${ann.name}"`, async () => {
      const cells = buffers.create('cells', 'storage', plan.bytes.cells);
      const weights = buffers.create('weights', 'weights', plan.bytes.weights, plan.data.weights);
      const channels = buffers.create('channels', 'storage', plan.bytes.channels, plan.data.channels as Float32Array<ArrayBuffer>);
      const pixels = buffers.create('pixels', 'storage', plan.bytes.pixels);
      const bins = buffers.create('bins', 'storage', plan.bytes.bins);
      const batch = buffers.create('batch', 'uniform', 16);
      const norm = buffers.create('normalization', 'storage', normalization.byteLength, normalization);
      const packed = packParameters(
        plan.dispatches.map(({ kernel, parameters }) => ({ layout: annParameters[kernel], parameters })),
      );
      const parameters = buffers.create('parameters', 'uniform', packed.data.byteLength, packed.data);
      const bind = (d: AnnDispatch, i: number): Promise<BoundKernel> => {
        const common = {
          cells: { buffer: cells },
          parameters: { buffer: parameters, offset: packed.offsets[i], size: annParameters[d.kernel].size },
          batch: { buffer: batch },
        };
        const w = d.weights;
        const share = { buffer: weights, ...bindingRange(w) };
        switch (d.kernel) {
          case 'ann-encode':
            return annEncode(device, { ...common, pixels: { buffer: pixels }, normalization: { buffer: norm } }, d.invocations);
          case 'ann-convolve':
            return annConvolve(
              device,
              w?.uniform ?? false,
              { ...common, weights: share, channels: { buffer: channels } },
              d.invocations,
              d.tiles,
            );
          case 'ann-pool':
            return annPool(device, d.maximum, common, d.invocations);
          case 'histogram':
            return histogram(device, { ...common, bins: { buffer: bins } }, d.invocations);
        }
      };
      const bound = await Promise.all(plan.dispatches.map(bind));
      const kernels = bound.map((kernel, i) => ({ kernel, counts: plan.dispatches[i].kernel === 'histogram' }));
      const readbacks = Array.from({ length: IN_FLIGHT }, () => buffers.create('logits', 'readback', plan.bytes.logits));
      return { buffers, kernels, cells, pixels, batch, bins, readbacks };
    });
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}
