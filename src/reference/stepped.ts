import { INPUT, shapeSize, sourceShape } from '../ann/ann.ts';
import type { SpikingLayer, SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout } from '../network/network.ts';
import { integrates } from '../network/time.ts';
import { clampPotential, receive } from '../neuron/membrane.ts';
import type { Moment, NeuronModel } from '../neuron/model.ts';
import { modelOf, type Neuron } from '../neuron/neuron.ts';
import { addCurrent, inputCurrent, maxCountStep, maxPoolStep, sumPoolStep } from './operators.ts';

/** What is simulated, and how long. */
export interface StepOptions {
  /** Default bistable. */
  readonly neuron?: Neuron;
  /** Bistable: shortcuts are held back until their partners are there (default); without, spikes arrive when they are sent. */
  readonly synchronous?: boolean;
  /** T; may end inside a window. */
  readonly timesteps: number;
  /** V(0): half a threshold or zero; default: the network's own. */
  readonly initial?: 'half' | 'zero';
}

/** What the literal simulation of one image yields, step by step. Feature maps are [channel][y][x]. */
export interface StepSimulation {
  /** trains[layer][step]: spikes of each neuron (0 … most), sums for sum pools; zeros for the readout. */
  readonly trains: readonly (readonly Int32Array[])[];
  /** membranes[layer][step]: V after each step; none for pools. */
  readonly membranes: readonly (readonly Int32Array[])[];
  /** potentials[step][class]: the readout's membrane after each step. */
  readonly potentials: readonly Int32Array[];
  /** Spikes of each layer over all steps (0 for pools and readout). */
  readonly spikes: readonly number[];
  /** counts[layer]: spikes of each neuron over all steps; decoded[layer]: their weights, in units of words. Empty for pools and readout. */
  readonly counts: readonly Int32Array[];
  readonly decoded: readonly Int32Array[];
}

/** State of a layer between steps. */
interface LayerState {
  /** The spikes of all steps so far; a synchronous neuron may still repeat them. */
  readonly trains: Int32Array[];
  readonly membranes: Int32Array[];
  v: Int32Array;
  /** bias + input current, of each neuron: injected once a wave, or in every step. */
  readonly drive: Int32Array;
  /** Pools: inputs that are out for the rest of the word. */
  readonly out: Uint8Array;
  /** Pools that count: spikes of each input so far. */
  readonly counted: Int32Array;
  readonly counts: Int32Array;
  readonly decoded: Int32Array;
}

interface Setting {
  readonly network: SpikingNetwork;
  readonly model: NeuronModel;
  readonly synchronous: boolean;
  readonly states: readonly LayerState[];
}

/**
 * The reference (specification, sections 2 and 8): one image, one step after another, all layers in step, in integers.
 * @param pixels [channel][y][x], 0…255
 */
export function simulateSteps(network: SpikingNetwork, pixels: Uint8Array, options: StepOptions): StepSimulation {
  const { neuron = { name: 'bistable' }, synchronous = true, timesteps, initial = network.initial } = options;
  const model = modelOf(neuron);
  const q = inputCurrent(network, pixels);
  const states = network.layers.map((layer) => start(network, layer, model, initial, q));
  const setting: Setting = { network, model, synchronous, states };
  for (let step = 0; step < timesteps; step++) {
    network.layers.forEach((layer, l) => {
      if (layer.kind === 'pool') states[l].trains.push(poolStep(setting, layer, states[l], step));
      else neuronStep(setting, layer, states[l], step);
    });
  }
  return {
    trains: states.map(({ trains }) => trains),
    membranes: states.map(({ membranes }) => membranes),
    potentials: states[states.length - 1].membranes,
    spikes: states.map(({ counts }) => counts.reduce((sum, n) => sum + n, 0)),
    counts: states.map(({ counts }) => counts),
    decoded: states.map(({ decoded }) => decoded),
  };
}

/** A layer before the first step. */
function start(
  network: SpikingNetwork,
  layer: SpikingLayer,
  model: NeuronModel,
  initial: 'half' | 'zero',
  q: Int32Array,
): LayerState {
  const size = shapeSize(layer.shape);
  const none = new Int32Array(0);
  const state = {
    trains: [],
    membranes: [],
    v: none,
    drive: none,
    out: new Uint8Array(0),
    counted: none,
    counts: none,
    decoded: none,
  };
  if (layer.kind === 'pool') {
    const places = layer.window.kernel[0] * layer.window.kernel[1];
    return { ...state, out: new Uint8Array(size * places), counted: new Int32Array(shapeSize(sourceShape(network, layer.source))) };
  }
  const area = layer.shape.height * layer.shape.width;
  const drive = Int32Array.from({ length: size }, (_, i) => layer.bias[Math.floor(i / area)]);
  for (const term of layer.terms) if (term.source === INPUT) addCurrent(drive, layer.shape, network, term, q);
  if (layer.kind === 'readout') return { ...state, v: new Int32Array(size), drive };
  const v = Int32Array.from({ length: size }, (_, i) =>
    model.initialMembrane(layer.gridBits[Math.floor(i / area)], network.phaseBits, initial),
  );
  return { ...state, v, drive, counts: new Int32Array(size), decoded: new Int32Array(size) };
}

/** One step of a layer of neurons (or of the readout, which never fires and has no grid to shift by). */
function neuronStep(
  { network, model, synchronous, states }: Setting,
  layer: SpikingNeurons | SpikingReadout,
  state: LayerState,
  step: number,
): void {
  const K = network.phaseBits;
  const integrating = integrates(layer.depth, Math.floor(step / K));
  const moment: Moment = { phaseBits: K, phase: step % K, state: integrating === null ? null : integrating ? 0 : 1 };
  const area = layer.shape.height * layer.shape.width;
  const current = new Int32Array(state.v.length);
  for (const term of layer.terms) {
    if (term.source === INPUT) continue;
    // the last of the term's synchronous neurons repeats what the source sent `delay` windows ago
    const delay = model.windowed && synchronous ? term.delay * K : 0;
    const train = states[term.source].trains[step - delay];
    if (train) addCurrent(current, layer.shape, network, term, train);
  }
  const spikes = new Int32Array(current.length);
  const weight = model.spikeWeight(moment);
  state.v = state.v.map((v, i) => {
    const arrived = model.arriving(current[i], state.drive[i], moment);
    if (layer.kind === 'readout') return clampPotential(v + arrived);
    const g = layer.gridBits[Math.floor(i / area)];
    const fired = model.fire(receive(v, arrived, g), g, moment);
    spikes[i] = fired.spikes;
    state.counts[i] += fired.spikes;
    state.decoded[i] += fired.spikes * weight;
    return fired.v;
  });
  state.trains.push(spikes);
  state.membranes.push(state.v);
}

/** One step of a pool: passes the source's spikes on in the same step. */
function poolStep({ network, model, states }: Setting, layer: SpikingPool, state: LayerState, step: number): Int32Array {
  const pooled = new Int32Array(shapeSize(layer.shape));
  const source = sourceShape(network, layer.source);
  const spikes = states[layer.source].trains[step];
  if (layer.mode === 'sum') sumPoolStep(layer, source, spikes, pooled);
  else if (model.maximum === 'count') maxCountStep(layer, source, spikes, state.counted, pooled);
  else {
    if (step % network.phaseBits === 0) state.out.fill(0);
    maxPoolStep(layer, source, spikes, state.out, pooled);
  }
  return pooled;
}
