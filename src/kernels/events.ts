import { INPUT, sourceShape } from '../ann/ann.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { TILE } from './geometry.ts';
import type { WeightedLayer } from './weights.ts';

/**
 * The convolutions of a layer as `fused-spikes` reads them: [term][input channel][ky][kx][tile of 8 output channels], a
 * vec2u of 8 weights, plus 128. A weight between channels of different groups is 0 (stored as 128). Terms that read the pixels
 * have none.
 */

/** Tiles of output channels, of a layer whose weights are bound in shares. */
interface Tiles {
  readonly first: number;
  readonly tiles: number;
}

/** The first vec2u of each term (−1 for those that have none), for so many tiles, and how many there are. */
export function layEvents(network: SpikingNetwork, layer: WeightedLayer, tiles: number): { offsets: number[]; pairs: number } {
  let pairs = 0;
  const offsets = layer.terms.map(({ operator, source }) => {
    if (operator.type !== 'convolution' || source === INPUT) return -1;
    const first = pairs;
    pairs += sourceShape(network, source).channels * operator.window.kernel[0] * operator.window.kernel[1] * tiles;
    return first;
  });
  return { offsets, pairs };
}

/** Packs the convolutions of some tiles of a layer for the spike-driven form. */
export function packEvents(
  network: SpikingNetwork,
  layer: WeightedLayer,
  { first: firstTile, tiles }: Tiles,
): Uint32Array<ArrayBuffer> {
  const { offsets, pairs } = layEvents(network, layer, tiles);
  const data = new Uint32Array(2 * pairs).fill(0x80808080);
  const bytes = new Uint8Array(data.buffer);
  const outputs = Math.min(layer.shape.channels, (firstTile + tiles) * TILE);
  layer.terms.forEach(({ operator, source }, t) => {
    if (operator.type !== 'convolution' || source === INPUT) return;
    const area = operator.window.kernel[0] * operator.window.kernel[1];
    const groupInputs = sourceShape(network, source).channels / operator.groups;
    const groupOutputs = layer.shape.channels / operator.groups;
    for (let o = firstTile * TILE; o < outputs; o++) {
      const first = Math.floor(o / groupOutputs) * groupInputs;
      const own = Math.floor(o / TILE) - firstTile;
      for (let i = 0; i < groupInputs; i++) {
        for (let k = 0; k < area; k++) {
          const pair = offsets[t] + ((first + i) * area + k) * tiles + own;
          bytes[pair * TILE + (o % TILE)] = operator.weights[(o * groupInputs + i) * area + k] + 128;
        }
      }
    }
  });
  return data;
}
