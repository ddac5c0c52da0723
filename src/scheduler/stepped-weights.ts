import { INPUT, sourceShape } from '../graph/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingReadout } from '../network/network.ts';
import type { NeuronModel } from '../neuron/model.ts';
import { packChannels } from './weights.ts';

/** Output channels of one word of spike-driven weights. */
export const QUAD = 4;

/**
 * The convolutions of a layer as `convolve-spikes` reads them: [term][input channel][ky][kx][quad of 4 output channels], one
 * u32 = 4 weights, plus 128. A weight between channels of different groups is 0 (stored as 128).
 */
export interface EventWeights {
  /** First u32 of each term; −1 for identities and the input. */
  readonly termOffsets: readonly number[];
  readonly data: Uint32Array<ArrayBuffer>;
}

/** Packs a layer's convolutions for the spike-driven form. */
export function packEvents(network: SpikingNetwork, layer: SpikingNeurons | SpikingReadout): EventWeights {
  const quads = Math.ceil(layer.shape.channels / QUAD);
  const termOffsets: number[] = [];
  let words = 0;
  for (const { operator, source } of layer.terms) {
    const events = operator.type === 'convolution' && source !== INPUT;
    termOffsets.push(events ? words : -1);
    if (!events) continue;
    words += sourceShape(network, source).channels * operator.window.kernel[0] * operator.window.kernel[1] * quads;
  }
  const data = new Uint32Array(words).fill(0x80808080);
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
          const word = termOffsets[t] + ((first + i) * area + k) * quads + (o >> 2);
          bytes[word * 4 + (o & 3)] = operator.weights[(o * groupInputs + i) * area + k] + 128;
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
