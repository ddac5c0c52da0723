import { INPUT, sourceShape } from '../../ann/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingReadout } from '../../network/network.ts';
import type { NeuronModel } from '../../neuron/model.ts';
import { packChannels, TILE, tilesOf } from '../weights.ts';

/**
 * The convolutions of a layer as `convolve-spikes` reads them: [term][input channel][ky][kx][tile of 8 output channels], a
 * vec2u of 8 weights, plus 128. A weight between channels of different groups is 0 (stored as 128).
 */
export interface EventWeights {
  /** First vec2u of each term; −1 for identities and the input. */
  readonly termOffsets: readonly number[];
  readonly data: Uint32Array<ArrayBuffer>;
}

/** Packs a layer's convolutions for the spike-driven form. */
export function packEvents(network: SpikingNetwork, layer: SpikingNeurons | SpikingReadout): EventWeights {
  const tiles = tilesOf(layer.shape.channels);
  const termOffsets: number[] = [];
  let pairs = 0;
  for (const { operator, source } of layer.terms) {
    const events = operator.type === 'convolution' && source !== INPUT;
    termOffsets.push(events ? pairs : -1);
    if (!events) continue;
    pairs += sourceShape(network, source).channels * operator.window.kernel[0] * operator.window.kernel[1] * tiles;
  }
  const data = new Uint32Array(2 * pairs).fill(0x80808080);
  const bytes = new Uint8Array(data.buffer);
  layer.terms.forEach(({ operator, source }, t) => {
    if (operator.type !== 'convolution' || source === INPUT) return;
    const area = operator.window.kernel[0] * operator.window.kernel[1];
    const groupInputs = sourceShape(network, source).channels / operator.groups;
    const groupOutputs = layer.shape.channels / operator.groups;
    for (let o = 0; o < layer.shape.channels; o++) {
      const first = Math.floor(o / groupOutputs) * groupInputs;
      for (let i = 0; i < groupInputs; i++) {
        for (let k = 0; k < area; k++) {
          const pair = termOffsets[t] + ((first + i) * area + k) * tiles + Math.floor(o / TILE);
          bytes[pair * TILE + (o % TILE)] = operator.weights[(o * groupInputs + i) * area + k] + 128;
        }
      }
    }
  });
  return { termOffsets, data };
}

/** The channel table of `packChannels`, with the neuron's own V(0). */
export function packNeuronChannels(
  network: SpikingNetwork,
  layer: SpikingNeurons | SpikingReadout,
  model: NeuronModel,
  initial: 'half' | 'zero',
): ReturnType<typeof packChannels> {
  const table = packChannels(network, layer);
  for (let o = 0; o < layer.shape.channels; o++) {
    table.data[o * 4 + 2] = layer.kind === 'readout' ? 0 : model.initialMembrane(layer.gridBits[o], network.phaseBits, initial);
  }
  return table;
}
