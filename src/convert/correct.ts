import type { Ann } from '../ann/ann.ts';
import type { Grids } from '../ann/fixed.ts';
import type { Device } from '../gpu/device.ts';
import { check } from '../network/check.ts';
import { correctedBias, type Measured, ROUNDS } from '../network/correction.ts';
import { phasesAt, type SpikingNetwork, type SpikingNeurons } from '../network/network.ts';
import { ChannelSums } from '../observe/channel-sums.ts';
import { type BatchSize, batchFor } from '../plan/batch.ts';
import type { Choices } from '../plan/choices.ts';
import { wordsAreSteps } from '../quantize/phases.ts';
import type { Normalization } from '../run/ann-session.ts';
import { CalibrationSession } from '../run/calibration-session.ts';
import { LayerByLayer } from '../run/layer-by-layer.ts';
import { eachBatch, type ImageSource, pixelsSource, readImages, spread } from '../run/source.ts';
import { anew, type Once } from './once.ts';

/** How the trained network runs. */
export interface CorrectorOptions extends Normalization {
  /** What its integers stand for; by default what is found on the images. */
  readonly grids?: Grids | undefined;
  /** Images at once, at most, or "auto" (default). */
  readonly batch?: BatchSize | undefined;
  /** Makes the sums of activations: all that is not in whole numbers. */
  readonly once?: Once | undefined;
}

/** How one network is corrected. */
export interface CorrectOptions {
  /** How layers are computed; only time depends on it. */
  readonly choices?: Choices | undefined;
  /** Called with the layers whose biases are corrected, of so many. */
  readonly onLayer?: OnLayer | undefined;
}

type OnLayer = (done: number, layers: number) => void;

/** What networks are corrected by: pixels, [image][channel][y][x], and sums of activations, [layer][channel]. */
interface Shown {
  readonly pixels: Uint8Array;
  readonly activations: readonly Float64Array[];
}

/**
 * Images that biases are corrected on, spread evenly over those for calibration, which may be in the order of classes: all in one
 * batch, so that a layer is one dispatch a round and nothing before it runs again. Over them a layer runs `ROUNDS` + 1 times for one
 * wave, and the trained network once: with 500 images for calibration the conversion takes 1.5 to 1.9 times as long as without
 * (ResNet-20, software driver), the more the more images these are. What 256 give is within the noise of what 128 do.
 */
const IMAGES = 128;

/**
 * Corrects the biases of converted networks (specification, section 4): layer by layer, in the network's order, with the words that
 * the corrected layers before it send, what a channel's mean word lacks of the trained network's mean activation is added to its bias.
 * The readout sends no words and stays as it is, as do quantised layers whose words are their own steps. Labels play no part. Words and the trained network's
 * activations on its grids add up to the same integers on every device. What the trained network does is measured once, however many of
 * its conversions are corrected.
 */
export class Corrector {
  readonly #device: Device;
  readonly #ann: Ann;
  readonly #calibration: ImageSource;
  readonly #options: CorrectorOptions;
  /** By the number of images: a device may hold fewer of one network than of another. */
  readonly #shown = new Map<number, Promise<Shown>>();

  /** @param calibration images, of which `IMAGES` are used, in one batch: fewer where the device does not hold them */
  constructor(device: Device, ann: Ann, calibration: ImageSource, options: CorrectorOptions) {
    this.#device = device;
    this.#ann = ann;
    this.#calibration = calibration;
    this.#options = options;
  }

  /** @param network a conversion of the trained network @throws OptionError for the source, DeviceError */
  async correct(network: SpikingNetwork, { choices = {}, onLayer }: CorrectOptions = {}): Promise<SpikingNetwork> {
    const { layers } = this.#ann;
    const corrected = layers.map((layer, l) => layer.kind === 'neurons' && !wordsAreSteps(layer, phasesAt(network, l)));
    if (!corrected.includes(true)) return network;
    const { count } = this.#calibration;
    const spiking = await LayerByLayer.create(this.#device, network, { batch: Math.min(IMAGES, count), choices });
    try {
      const images = Math.min(count, spiking.engine.program.batch);
      const { pixels, activations } = await this.#show(images);
      const shown = activations.map((sums, l) => (corrected[l] ? sums : new Float64Array(0)));
      return await correctLayers(spiking, pixels, images, shown, onLayer);
    } finally {
      spiking.dispose();
    }
  }

  #show(images: number): Promise<Shown> {
    const known = this.#shown.get(images);
    if (known) return known;
    const measured = this.#measure(images);
    this.#shown.set(images, measured);
    return measured;
  }

  async #measure(images: number): Promise<Shown> {
    const { mean, std, grids, batch = 'auto', once = anew } = this.#options;
    const pixels = await readImages(spread(this.#calibration, images), 0, images);
    const source = pixelsSource(pixels, this.#calibration.shape);
    const options = { mean, std, grids, batch: batchFor(batch, images) };
    const sums = () => activationSums(this.#device, this.#ann, source, options);
    return { pixels, activations: await once(`activations of ${images} images`, sums) };
  }
}

/**
 * Corrects by given sums of activations. Every layer is dispatched `ROUNDS` + 1 times and all others stay where they are, so this
 * costs about as much as running as many times the images for one wave.
 * @param pixels of all images, [image][channel][y][x]
 * @param activations of the same images, [layer][channel]; empty for a layer that is to stay as it is
 */
export async function correctLayers(
  spiking: LayerByLayer,
  pixels: Uint8Array,
  images: number,
  activations: readonly Float64Array[],
  onLayer: OnLayer = () => {},
): Promise<SpikingNetwork> {
  const { layers } = spiking.network;
  const sums = await ChannelSums.ofWords(spiking);
  try {
    spiking.begin(pixels, images);
    for (const [l, { kind }] of layers.entries()) {
      if (kind === 'neurons' && activations[l].length > 0) await correctLayer(spiking, sums, l, activations[l], images);
      if (kind !== 'readout') spiking.send(l);
      onLayer(l + 1, layers.length);
    }
  } finally {
    sums.dispose();
  }
  check(spiking.network);
  return spiking.network;
}

/** Corrects one layer; its words are to be sent once more after that. */
async function correctLayer(
  spiking: LayerByLayer,
  sums: ChannelSums,
  l: number,
  activations: Measured['activations'],
  images: number,
): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    spiking.send(l);
    const words = await sums.read(l);
    const layer = spiking.network.layers[l] as SpikingNeurons;
    const count = images * layer.shape.height * layer.shape.width;
    spiking.setBias(l, correctedBias(spiking.network, layer, { activations, words, count }));
  }
}

/** Sums of the trained network's activations over images and positions, [layer][channel]; empty for pools and readout. */
export async function activationSums(
  device: Device,
  ann: Ann,
  source: ImageSource,
  options: Normalization & { readonly batch: BatchSize; readonly grids?: Grids | undefined },
): Promise<Float64Array[]> {
  const all = ann.layers.map(({ kind, shape }) => new Float64Array(kind === 'neurons' ? shape.channels : 0));
  const session = await CalibrationSession.create(device, ann, source, { ...options, keepCells: true });
  try {
    const sums = await ChannelSums.ofActivations(session);
    try {
      await eachBatch(source, session.plan.batch, async (pixels) => {
        await session.run(pixelsSource(pixels, source.shape), () => {});
        for (const [l, { kind }] of ann.layers.entries()) {
          if (kind !== 'neurons') continue;
          (await sums.read(l)).forEach((sum, o) => {
            all[l][o] += sum;
          });
        }
      });
    } finally {
      sums.dispose();
    }
    return all.map((integers, l) => integers.map((sum, o) => sum * session.grids[l + 1].unit[o]));
  } finally {
    session.dispose();
  }
}
