import { packTaps } from '../kernels/depthwise.ts';
import { signedBytes, transposed } from '../kernels/exact.ts';
import { packChannels, packWeights, type WeightedLayer } from '../kernels/weights.ts';
import type { SpikingNetwork, SpikingNeurons } from '../network/network.ts';
import type { Packers } from './program.ts';
import { paddingWords } from './words/regions.ts';

/**
 * What makes the data that both engines' programs take from a spiking network.
 * @param initialOf V(0) of a channel of grid g in a layer
 */
export function networkPackers(network: SpikingNetwork, initialOf: (g: number, layer: number) => number): Packers {
  const layerOf = (l: number) => network.layers[l] as WeightedLayer;
  return {
    padding: () => paddingWords(network),
    weights: ({ layer }) => packWeights(network, layerOf(layer)),
    transposed: ({ layer }) => transposed(packWeights(network, layerOf(layer))),
    signed: ({ layer }) => signedBytes(packWeights(network, layerOf(layer))),
    taps: ({ layer }) => packTaps(network.layers[layer] as SpikingNeurons),
    channels: ({ layer }) => packChannels(network, layerOf(layer), (g) => initialOf(g, layer)),
  };
}
