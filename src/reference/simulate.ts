import { shapeSize } from '../ann/ann.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { integrates, readoutUnits, wordSteps } from '../network/time.ts';
import { simulateSteps } from './stepped.ts';

/** What the literal simulation of one image yields, word by word. Feature maps are [channel][y][x]. */
export interface Simulation {
  /** words[layer][wave]: the spikes of each firing window as K-bit words (sums of words for sum pools); none for the readout. */
  readonly words: readonly (readonly Int32Array[])[];
  /** membranes[layer]: V at the end of the last wave; empty for pools. */
  readonly membranes: readonly Int32Array[];
  /** potentials[wave · K + phase][class]: the readout's membrane after each step that brings it spikes. */
  readonly potentials: readonly Int32Array[];
  /** Spikes of each layer over all waves (0 for pools and readout). */
  readonly spikes: readonly number[];
}

/**
 * The reference of the bistable network (specification, section 2): `simulateSteps` for so long that every layer sends `waves`
 * words, and what it sent collected into words.
 * @param pixels [channel][y][x], 0…255
 * @param waves words that every layer sends
 */
export function simulate(network: SpikingNetwork, pixels: Uint8Array, waves: number): Simulation {
  const K = network.phaseBits;
  const timesteps = wordSteps(network, waves);
  const steps = simulateSteps(network, pixels, { timesteps });
  const spikes = network.layers.map(() => 0);
  const words = network.layers.map((layer, l) =>
    layer.kind === 'readout'
      ? []
      : Array.from({ length: waves }, (_, wave) => {
          // a layer of depth D fires its wave n (from 0) in window D + 2n
          const first = (layer.depth + 2 * wave) * K;
          const word = new Int32Array(shapeSize(layer.shape));
          for (let phase = 0; phase < K; phase++) {
            steps.trains[l][first + phase].forEach((s, i) => {
              word[i] += s * 2 ** (K - 1 - phase);
              if (layer.kind === 'neurons') spikes[l] += s;
            });
          }
          return word;
        }),
  );
  const membranes = network.layers.map((layer, l) => {
    if (layer.kind === 'pool') return new Int32Array(0);
    const end = layer.kind === 'readout' ? timesteps : (layer.depth + 2 * waves - 1) * K;
    return steps.membranes[l][end - 1];
  });
  const { depth } = network.layers[network.layers.length - 1];
  const potentials = steps.potentials.filter((_, step) => integrates(depth, Math.floor(step / K)));
  return { words, membranes, potentials, spikes };
}

/** The logits after wave n (from 1): V · unit / n, in units of the ANN's logits. */
export function logits(network: SpikingNetwork, potentials: Int32Array, wave: number): Float64Array {
  const units = readoutUnits(network);
  return Float64Array.from(potentials, (v, o) => (v * units[o]) / wave);
}
