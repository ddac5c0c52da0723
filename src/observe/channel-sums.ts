import { dispatch } from '../gpu/bind.ts';
import { readBuffer } from '../gpu/buffers.ts';
import { addChannelSums, channelSums, SUM_BYTES, type Summed, sumWorkgroups } from '../kernels/channel-sums.ts';
import { type Program, storage } from '../plan/program.ts';
import type { Region } from '../plan/words/regions.ts';
import type { CalibrationSession } from '../run/calibration-session.ts';
import type { LayerByLayer } from '../run/layer-by-layer.ts';
import { type Loaded, load } from '../run/load.ts';

/**
 * Adds up what layers of neurons gave for the batch that lies in a session's buffers, channel by channel, over its images and all
 * positions. Both are integers, so their sums are equal on every device.
 */
export class ChannelSums {
  readonly #loaded: Loaded;
  readonly #layers: readonly Summed[];

  private constructor(loaded: Loaded, layers: readonly Summed[]) {
    this.#loaded = loaded;
    this.#layers = layers;
  }

  /** Of first words. @throws DeviceError */
  static ofWords({ network, engine }: LayerByLayer): Promise<ChannelSums> {
    const { batch, regions } = engine.program;
    return ChannelSums.#create(engine, network.layers, batch, (l) => (regions.regions[l + 1] as Region).first, false);
  }

  /** Of a trained network's activations on their grids, of a session with `keepCells`. @throws DeviceError */
  static ofActivations({ ann, engine }: CalibrationSession): Promise<ChannelSums> {
    const { batch, layers } = engine.program;
    return ChannelSums.#create(engine, ann.layers, batch, (l) => layers[l], true);
  }

  static async #create(
    { device, program: { network }, data }: Loaded,
    all: readonly (Pick<Summed, 'name' | 'shape'> & { readonly kind: string })[],
    batch: number,
    source: (layer: number) => number,
    activations: boolean,
  ): Promise<ChannelSums> {
    const layers = all.flatMap(({ kind, name, shape }, layer): Summed[] =>
      kind === 'neurons' ? [{ layer, name, shape, batch, source: source(layer) }] : [],
    );
    const most = layers.reduce((workgroups, one) => Math.max(workgroups, sumWorkgroups(one)), 1);
    const program: Program = {
      network,
      batch,
      buffers: { sums: storage(most * SUM_BYTES) },
      dispatches: layers.map((one) => channelSums(one, activations, 0)),
      contents: [],
      results: [],
    };
    const others = activations ? { cells: data.cells, batch: data.batch } : { words: data.words, batch: data.batch };
    return new ChannelSums(await load(device, program, {}, others), layers);
  }

  /** The sum of each channel of a layer, over the images of the session's last batch. */
  async read(layer: number): Promise<Float64Array> {
    const { device, kernels, data } = this.#loaded;
    const at = this.#layers.findIndex((one) => one.layer === layer);
    const encoder = device.handle.createCommandEncoder();
    const pass = encoder.beginComputePass();
    dispatch(pass, kernels[at]);
    pass.end();
    device.handle.queue.submit([encoder.finish()]);
    const one = this.#layers[at];
    return addChannelSums(one, await readBuffer(device, data.sums, 0, sumWorkgroups(one) * SUM_BYTES));
  }

  /** Frees its GPU memory. */
  dispose(): void {
    this.#loaded.buffers.dispose();
  }
}
