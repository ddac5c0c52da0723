import { shapeSize, sourceShape } from '../graph/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout } from '../network/network.ts';
import { integrates, readoutUnits, wordSteps } from '../network/time.ts';
import { clampMembrane, initialMembrane, integrate, spikeCharge } from '../neuron/bistable.ts';
import { addCurrent, inputCurrent, maxPoolStep, readsInput, sumPoolStep } from './step.ts';

/** What the literal simulation of one image yields. Feature maps are [channel][y][x]. */
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

interface LayerState {
  /** The spikes of the steps so far that a synchronous neuron may still repeat; [step]. */
  readonly trains: Int32Array[];
  readonly membrane: Int32Array;
  /** Max pools: inputs that are out for the rest of the word. */
  readonly out: Uint8Array;
}

/**
 * The reference (specification, section 2): one image, one step after another, all layers in step, in integers.
 * @param pixels [channel][y][x], 0…255
 * @param waves words that every layer sends
 */
export function simulate(network: SpikingNetwork, pixels: Uint8Array, waves: number): Simulation {
  const K = network.phaseBits;
  const q = inputCurrent(network, pixels);
  const states = network.layers.map((layer): LayerState => {
    const size = shapeSize(layer.shape);
    if (layer.kind === 'pool') {
      return {
        trains: [],
        membrane: new Int32Array(0),
        out: new Uint8Array(size * layer.window.kernel[0] * layer.window.kernel[1]),
      };
    }
    const area = layer.shape.height * layer.shape.width;
    const start = (g: number) => (layer.kind === 'readout' ? 0 : initialMembrane(g, network.initial));
    return {
      trains: [],
      membrane: Int32Array.from({ length: size }, (_, i) => start(layer.gridBits[Math.floor(i / area)])),
      out: new Uint8Array(0),
    };
  });
  const words = network.layers.map((layer) =>
    layer.kind === 'readout' ? [] : Array.from({ length: waves }, () => new Int32Array(shapeSize(layer.shape))),
  );
  const membranes: Int32Array[] = network.layers.map(() => new Int32Array(0));
  const potentials: Int32Array[] = [];
  const spikes = network.layers.map(() => 0);

  const steps = wordSteps(network, waves);
  for (let t = 0; t < steps; t++) {
    const window = Math.floor(t / K);
    const phase = t % K;
    network.layers.forEach((layer, l) => {
      const state = states[l];
      const train =
        layer.kind === 'pool' ? poolStep(network, layer, states, t, state) : neuronStep(network, layer, states, t, q, state);
      state.trains.push(train);
      // a layer of depth D fires its wave n (from 0) in window D + 2n
      const wave = (window - layer.depth) / 2;
      const fires = layer.kind !== 'readout' && Number.isInteger(wave) && wave >= 0 && wave < waves;
      if (fires) {
        train.forEach((s, i) => {
          words[l][wave][i] += s * 2 ** (K - 1 - phase);
          if (layer.kind === 'neurons') spikes[l] += s;
        });
        if (wave === waves - 1 && phase === K - 1) membranes[l] = state.membrane.slice();
      }
      if (layer.kind === 'readout' && integrates(layer.depth, window)) potentials.push(state.membrane.slice());
    });
  }
  membranes[network.layers.length - 1] = states[network.layers.length - 1].membrane;
  return { words, membranes, potentials, spikes };
}

/** One step of a layer of bistable neurons (or of the readout, which never fires). Returns its spikes. */
function neuronStep(
  network: SpikingNetwork,
  layer: SpikingNeurons | SpikingReadout,
  states: readonly LayerState[],
  t: number,
  q: Int32Array,
  { membrane }: LayerState,
): Int32Array {
  const K = network.phaseBits;
  const window = Math.floor(t / K);
  const phase = t % K;
  const area = layer.shape.height * layer.shape.width;
  const spikes = new Int32Array(membrane.length);
  const integrating = integrates(layer.depth, window);
  if (integrating === null) return spikes;

  const current = new Int32Array(membrane.length);
  for (const term of layer.terms) {
    if (readsInput(term)) {
      if (integrating && phase === 0) addCurrent(current, layer.shape, network, term, q, 1);
    } else {
      // the last of the term's synchronous neurons repeats what the source sent `delay` windows ago
      const train = states[term.source].trains[t - term.delay * K];
      if (train) addCurrent(current, layer.shape, network, term, train, 2 ** (K - 1 - phase));
    }
  }
  for (let i = 0; i < membrane.length; i++) {
    const channel = Math.floor(i / area);
    const g = layer.gridBits[channel];
    const bias = integrating && phase === 0 ? layer.bias[channel] : 0;
    let v = integrate(membrane[i], current[i] + bias, layer.kind === 'readout' ? 0 : g);
    if (layer.kind === 'neurons') {
      const charge = spikeCharge(g, K, phase);
      if (!integrating && v >= charge) {
        spikes[i] = 1;
        v -= charge;
      }
      if (phase === K - 1) v = clampMembrane(v);
    }
    membrane[i] = v;
  }
  return spikes;
}

/** One step of a pool: passes the source's spikes on in the same step. */
function poolStep(
  network: SpikingNetwork,
  layer: SpikingPool,
  states: readonly LayerState[],
  t: number,
  state: LayerState,
): Int32Array {
  const pooled = new Int32Array(shapeSize(layer.shape));
  const source = sourceShape(network, layer.source);
  const spikes = states[layer.source].trains[t];
  if (layer.mode === 'sum') sumPoolStep(layer, source, spikes, pooled);
  else {
    if (t % network.phaseBits === 0) state.out.fill(0);
    maxPoolStep(layer, source, spikes, state.out, pooled);
  }
  return pooled;
}

/** The logits after wave n (from 1): V · unit / n, in units of the ANN's logits. */
export function logits(network: SpikingNetwork, potentials: Int32Array, wave: number): Float64Array {
  const units = readoutUnits(network);
  return Float64Array.from(potentials, (v, o) => (v * units[o]) / wave);
}
