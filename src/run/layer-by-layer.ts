import { dispatch } from '../gpu/bind.ts';
import { upload } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { withBias } from '../network/correction.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { WordsOptions } from '../plan/words/options.ts';
import { planWords, type WordsProgram, wordsPackers } from '../plan/words/plan.ts';
import { type Loaded, load } from './load.ts';
import { sparing } from './sparing.ts';
import { padToWords } from './stream.ts';

/**
 * A spiking network on a device, whose layers send their first words one after another, each as often as it is asked to: the words of
 * the layers before it lie in the arena until their last reader is done, so a layer is one dispatch and its biases may change between
 * two of them. For bias correction. Owns its buffers; `dispose()` frees them.
 */
export class LayerByLayer {
  readonly #loaded: Loaded<WordsProgram>;
  #network: SpikingNetwork;

  private constructor(network: SpikingNetwork, loaded: Loaded<WordsProgram>) {
    this.#network = network;
    this.#loaded = loaded;
  }

  /**
   * Plans, makes buffers, compiles.
   * @param options `batch` images at once, at most: those of the only batch, cut to the device's limits
   * @throws OptionError, DeviceError
   */
  static async create(device: Device, network: SpikingNetwork, options: Omit<WordsOptions, 'waves'>): Promise<LayerByLayer> {
    const { capabilities } = device;
    const plan = (batch = options.batch) => planWords(network, device.limits, { capabilities, ...options, waves: 1, batch });
    return sparing(plan, async (program) => new LayerByLayer(network, await load(device, program, wordsPackers(network))));
  }

  /** The network, with the biases that it has by now. */
  get network(): SpikingNetwork {
    return this.#network;
  }

  /** The buffers and kernels, for what looks at words (`observe`). */
  get engine(): Loaded<WordsProgram> {
    return this.#loaded;
  }

  /** Uploads images: at most the plan's batch. @param pixels 0…255, [image][channel][y][x] */
  begin(pixels: Uint8Array, images: number): void {
    const { device, data } = this.#loaded;
    device.check();
    upload(device, data.pixels, 0, padToWords(pixels));
    device.handle.queue.writeBuffer(data.batch, 0, Uint32Array.of(images));
    this.#dispatch(-1);
  }

  /** Lets a layer send its first words anew; every layer before it must have sent its own. Nothing is waited for. */
  send(layer: number): void {
    this.#loaded.device.check();
    this.#dispatch(layer);
  }

  /** Gives a layer of neurons other biases. */
  setBias(layer: number, bias: Int32Array): void {
    const { device, program, data } = this.#loaded;
    this.#network = withBias(this.#network, layer, bias);
    for (const content of program.contents) {
      if (content.pack !== 'channels' || content.layer !== layer) continue;
      const { buffer, byteOffset, byteLength } = wordsPackers(this.#network).channels(content);
      device.handle.queue.writeBuffer(data[content.buffer], content.offset, buffer, byteOffset, byteLength);
    }
  }

  /** Submits the dispatches of a layer; −1 for the input. */
  #dispatch(layer: number): void {
    const { device, program, kernels } = this.#loaded;
    const encoder = device.handle.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.dispatches.forEach((one, d) => {
      if (one.layer === layer) dispatch(pass, kernels[d]);
    });
    pass.end();
    device.handle.queue.submit([encoder.finish()]);
  }

  /** Frees its GPU memory. */
  dispose(): void {
    this.#loaded.buffers.dispose();
  }
}
