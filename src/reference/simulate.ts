import { shapeSize } from '../ann/ann.ts';
import { readoutOf, type SpikingNetwork } from '../network/network.ts';
import { phaseWeight, readoutSteps, wordSteps } from '../network/timetable.ts';
import { simulateSteps } from './stepped.ts';

/** What the literal simulation of one image yields, word by word. Feature maps are [channel][y][x]. */
export interface Simulation {
  /** words[layer][wave]: the spikes of each firing window as K-bit words (sums of words for sum pools); none for the readout. */
  readonly words: readonly (readonly Int32Array[])[];
  /** membranes[layer]: V at the end of the last wave; empty for pools. */
  readonly membranes: readonly (Int32Array | Float64Array)[];
  /** potentials[wave · steps + step][class]: the readout's membrane after each step of its windows (K of them with one K). */
  readonly potentials: readonly Float64Array[];
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
  const { period, layers: times } = network.timetable;
  const timesteps = wordSteps(network.timetable, waves);
  const steps = simulateSteps(network, pixels, { neuron: { name: 'bistable' }, timesteps });
  const spikes = network.layers.map(() => 0);
  const words = network.layers.map((layer, l) => {
    if (layer.kind === 'readout') return [];
    const { fires, phases } = times[layer.depth];
    return Array.from({ length: waves }, (_, wave) => {
      const word = new Int32Array(shapeSize(layer.shape));
      for (let phase = 0; phase < phases; phase++) {
        steps.trains[l][fires.first + wave * period + phase].forEach((s, i) => {
          word[i] += s * phaseWeight(phases, phase);
          if (layer.kind === 'neurons') spikes[l] += s;
        });
      }
      return word;
    });
  });
  const membranes = network.layers.map((layer, l) => {
    if (layer.kind === 'pool') return new Int32Array(0);
    const { fires } = times[layer.depth];
    return steps.membranes[l][fires.first + fires.steps + (waves - 1) * period - 1];
  });
  const potentials = readoutSteps(network.timetable, waves).map((t) => steps.potentials[t - 1]);
  return { words, membranes, potentials, spikes };
}

/** The logits after wave n (from 1): V · unit / n, in units of the ANN's logits. */
export function logits(network: SpikingNetwork, potentials: Float64Array, wave: number): Float64Array {
  const { unit } = readoutOf(network).units;
  return Float64Array.from(potentials, (v, o) => (v * unit[o]) / wave);
}
