import { type Ann, type AnnNeurons, type AnnReadout, INPUT, shapeSize } from '../ann/ann.ts';
import {
  type FixedLayer,
  fixedLayer,
  fixedPixels,
  type Grid,
  type Grids,
  gridOf,
  inputGrid,
  layerPowers,
  roundingOf,
  wholeGrid,
} from '../ann/fixed.ts';
import { dispatch } from '../gpu/bind.ts';
import { readBuffer, upload } from '../gpu/buffers.ts';
import { packFixedChannels, packFixedWeights } from '../kernels/ann-convolve.ts';
import { firstMaximum } from '../plan/cells/histograms.ts';
import type { CellsProgram } from '../plan/cells/plan.ts';
import type { Normalization } from './ann-session.ts';
import { type Loaded, uploadContents } from './load.ts';
import { type ImageSource, readImages, spread } from './source.ts';
import { padToWords } from './stream.ts';

/** Images, spread evenly, on which the greatest value of each channel is looked for: what is above has two bits left. */
const LOOKED_AT = 64;

/** A trained network of integers on a device, on whose grids nothing depends but the network and some images. */
export class GridFinder {
  readonly #loaded: Loaded<CellsProgram>;
  readonly #ann: Ann;
  readonly #normalization: Normalization;
  /** The input's first. */
  readonly #grids: Grid[];

  /** @param normalization one value a channel */
  constructor(loaded: Loaded<CellsProgram>, ann: Ann, normalization: Normalization) {
    const { mean, std } = normalization;
    this.#loaded = loaded;
    this.#ann = ann;
    this.#normalization = normalization;
    this.#grids = [inputGrid(mean, std)];
  }

  /** Uploads the network on grids that were found before. */
  take(grids: Grids): void {
    this.#writePixels();
    for (const [l, layer] of this.#ann.layers.entries()) {
      this.#grids.push(grids[l + 1]);
      if (layer.kind !== 'pool') this.#write(l, fixedLayer(this.#ann, layer, grids), grids[l + 1]);
    }
  }

  /**
   * Layer by layer: its sums as they are, the greatest of each channel, its grid by these. The images run again up to each layer where they
   * are more than one batch.
   */
  async find(source: ImageSource): Promise<Grids> {
    const batches = await this.#batches(source);
    this.#writePixels();
    if (batches.length === 1) this.#begin(batches[0]);
    for (const [l, layer] of this.#ann.layers.entries()) {
      if (layer.kind === 'pool') this.#grids.push(this.#grids[layer.source + 1]);
      else this.#grids.push(await this.#gridOf(l, layer, batches));
      if (batches.length === 1) this.#send(l);
    }
    return this.#grids;
  }

  /** Pixels of each batch. */
  async #batches(source: ImageSource): Promise<Uint8Array[]> {
    const images = Math.min(LOOKED_AT, source.count);
    const some = spread(source, images);
    const { batch } = this.#loaded.program;
    const batches: Uint8Array[] = [];
    for (let first = 0; first < images; first += batch) {
      batches.push(await readImages(some, first, Math.min(batch, images - first)));
    }
    return batches;
  }

  async #gridOf(l: number, layer: AnnNeurons | AnnReadout, batches: readonly Uint8Array[]): Promise<Grid> {
    const fixed = fixedLayer(this.#ann, layer, this.#grids);
    const whole = wholeGrid(fixed);
    this.#write(l, fixed, whole);
    if (layer.kind === 'readout') return whole;
    for (const pixels of batches) {
      if (batches.length > 1) {
        this.#begin(pixels);
        for (let before = 0; before < l; before++) this.#send(before);
      }
      this.#send(l, true);
    }
    const grid = gridOf(layer, fixed, await this.#largest(l));
    this.#write(l, fixed, grid, 'channels');
    return grid;
  }

  #writePixels(): void {
    const { mean, std } = this.#normalization;
    this.#upload(INPUT, { fixedPixels: () => fixedPixels(this.#grids[0], mean, std) });
  }

  /** @param only what is uploaded, by default all of the layer */
  #write(l: number, fixed: FixedLayer, grid: Grid, only?: 'channels'): void {
    const { device, program, data } = this.#loaded;
    const layer = this.#ann.layers[l] as AnnNeurons | AnnReadout;
    const channels = () => packFixedChannels(layer, fixed, roundingOf(fixed, grid));
    this.#upload(l, only ? { channels } : { channels, weights: () => packFixedWeights(this.#ann, layer, fixed) });
    if (layer.kind === 'neurons') upload(device, data.powers, firstMaximum(this.#ann, program, l) * 4, layerPowers(grid));
  }

  /** Uploads what some packers make of a layer. */
  #upload(layer: number, packers: Parameters<typeof uploadContents>[3]): void {
    const { device, program, data } = this.#loaded;
    const own = program.settled.filter((content) => content.layer === layer && content.pack in packers);
    uploadContents(device, data, own, packers);
  }

  /** Uploads images and puts them on their grid. */
  #begin(pixels: Uint8Array): void {
    const { device, data } = this.#loaded;
    upload(device, data.pixels, 0, padToWords(pixels));
    device.handle.queue.writeBuffer(data.batch, 0, Uint32Array.of(pixels.length / shapeSize(this.#ann.input)));
    this.#send(INPUT);
  }

  /** Computes a layer. @param counted and the greatest integer of its channels */
  #send(layer: number, counted = false): void {
    const { device, program, kernels } = this.#loaded;
    device.check();
    const encoder = device.handle.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.dispatches.forEach((one, d) => {
      if (one.layer !== layer) return;
      if (one.kernel !== 'histogram' || (counted && !one.variant.byChannel)) dispatch(pass, kernels[d]);
    });
    pass.end();
    device.handle.queue.submit([encoder.finish()]);
  }

  /** The greatest integers so far, a channel. */
  async #largest(l: number): Promise<Uint32Array> {
    const { device, program, data } = this.#loaded;
    const first = firstMaximum(this.#ann, program, l) * 4;
    return new Uint32Array(await readBuffer(device, data.maxima, first, this.#ann.layers[l].shape.channels * 4));
  }
}
