import { shapeSize, sourceShape } from '../ann/ann.ts';
import { correctedBias, ROUNDS, withBias } from '../network/correction.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { inputCurrent } from './operators.ts';
import { accumulate, pool } from './windowed.ts';

/** A network with corrected biases, and what was measured on the way. */
export interface Corrected {
  readonly network: SpikingNetwork;
  /** Sums of first words, [layer][round][channel]; nothing for pools and readout. */
  readonly sums: readonly (readonly Float64Array[])[];
}

/**
 * Bias correction (specification, section 4), one image after another: the reference of `convert/correct`. Layer by layer in the
 * network's order, with the words that the corrected layers before it send, `ROUNDS` times each. The readout sends no words and stays.
 * @param pixels 0…255, [image][channel][y][x]
 * @param activations sums of the trained network's activations over the same images and all positions, [layer][channel]; pools and
 *   readout are not looked at
 */
export function correct(uncorrected: SpikingNetwork, pixels: Uint8Array, activations: readonly ArrayLike<number>[]): Corrected {
  const size = shapeSize(uncorrected.input.shape);
  const images = Array.from({ length: pixels.length / size }, (_, n) => pixels.subarray(n * size, (n + 1) * size));
  /** First words, [source + 1][image], the input's first. */
  const words: Int32Array[][] = [images.map((image) => inputCurrent(uncorrected, image))];
  const sums: Float64Array[][] = [];
  let network = uncorrected;
  uncorrected.layers.forEach((layer, l) => {
    const sentOf = (n: number) => (source: number) => words[source + 1][n];
    sums.push([]);
    if (layer.kind === 'readout') return;
    if (layer.kind === 'pool') {
      const from = sourceShape(network, layer.source);
      words.push(images.map((_, n) => pool(layer, from, sentOf(n)(layer.source))));
      return;
    }
    const send = (): Int32Array[] => {
      const corrected = network.layers[l] as typeof layer;
      return images.map((_, n) => accumulate(network, corrected, sentOf(n), 1).words[0]);
    };
    const count = (images.length * shapeSize(layer.shape)) / layer.shape.channels;
    for (let round = 0; round < ROUNDS; round++) {
      const sum = channelSums(send(), layer.shape.channels);
      const measured = { activations: activations[l], words: sum, count };
      network = withBias(network, l, correctedBias(network, network.layers[l] as typeof layer, measured));
      sums[l].push(sum);
    }
    words.push(send());
  });
  return { network, sums };
}

/** Sum over images and positions, a channel. @param maps [image], each [channel][y][x] */
export function channelSums(maps: readonly ArrayLike<number>[], channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (const map of maps) {
    const area = map.length / channels;
    for (let i = 0; i < map.length; i++) sums[Math.floor(i / area)] += map[i];
  }
  return sums;
}
