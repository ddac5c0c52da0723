import { INPUT, shapeSize, sourceShape } from '../ann/ann.ts';
import type { SpikingLayer, SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout } from '../network/network.ts';
import { holdSteps, type Moment, momentAt, phaseAt } from '../network/timetable.ts';
import { receive } from '../neuron/membrane.ts';
import type { NeuronModel } from '../neuron/model.ts';
import { type Neuron, ruleOn } from '../neuron/neuron.ts';
import { addCurrent, inputCurrent, maxCountStep, maxPoolStep, maxStep, maxSumStep, sumPoolStep } from './operators.ts';

/** What is simulated, and how long. */
export interface StepOptions {
  /** Default: the network's own. */
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
  /** trains[layer][step]: what each neuron sends (0 … most spikes, or a signed word), sums for sum pools; zeros for the readout. */
  readonly trains: readonly (readonly Int32Array[])[];
  /** membranes[layer][step]: V after each step; none for pools. */
  readonly membranes: readonly (readonly (Int32Array | Float64Array)[])[];
  /** potentials[step][class]: the readout's membrane after each step, integers of any size. */
  readonly potentials: readonly Float64Array[];
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
  readonly membranes: (Int32Array | Float64Array)[];
  /** Membranes; the readout's are not bounded. */
  v: Int32Array | Float64Array;
  /** bias + input current, of each neuron: injected once a wave, or in every step. */
  readonly drive: Int32Array;
  /** Pools: inputs that are out for the rest of the word. */
  readonly out: Uint8Array;
  /** Pools that count: what each input has sent so far; and what the pool has. */
  readonly counted: Int32Array;
  readonly before: Int32Array;
  readonly counts: Int32Array;
  readonly decoded: Int32Array;
  /** The spikes of steps in which nothing happens: one array for all of them. */
  readonly nothing: Int32Array;
}

interface Setting {
  readonly network: SpikingNetwork;
  readonly rule: NeuronModel;
  readonly synchronous: boolean;
  readonly states: readonly LayerState[];
}

/**
 * The reference (specification, sections 2 and 8): one image, one step after another, all layers in step, in integers.
 * @param pixels [channel][y][x], 0…255
 */
export function simulateSteps(network: SpikingNetwork, pixels: Uint8Array, options: StepOptions): StepSimulation {
  const { neuron = network.neuron, synchronous = true, timesteps, initial = network.initial } = options;
  const rule = ruleOn(neuron, network);
  const q = inputCurrent(network, pixels);
  const states = network.layers.map((layer) => start(network, layer, rule, initial, q));
  const setting: Setting = { network, rule, synchronous, states };
  for (let step = 0; step < timesteps; step++) {
    network.layers.forEach((layer, l) => {
      if (layer.kind === 'pool') states[l].trains.push(poolStep(setting, layer, states[l], step));
      else neuronStep(setting, layer, states[l], step);
    });
  }
  return {
    trains: states.map(({ trains }) => trains),
    membranes: states.map(({ membranes }) => membranes),
    potentials: states[states.length - 1].membranes as Float64Array[],
    spikes: states.map(({ counts }) => counts.reduce((sum, n) => sum + n, 0)),
    counts: states.map(({ counts }) => counts),
    decoded: states.map(({ decoded }) => decoded),
  };
}

/** A layer before the first step. */
function start(
  network: SpikingNetwork,
  layer: SpikingLayer,
  rule: NeuronModel,
  initial: 'half' | 'zero',
  q: Int32Array,
): LayerState {
  const size = shapeSize(layer.shape);
  const none = new Int32Array(0);
  const state = {
    trains: [],
    membranes: [],
    v: none as Int32Array | Float64Array,
    drive: none,
    out: new Uint8Array(0),
    counted: none,
    before: none,
    counts: none,
    decoded: none,
    nothing: new Int32Array(size),
  };
  if (layer.kind === 'pool') {
    const places = layer.window.kernel[0] * layer.window.kernel[1];
    const counted = new Int32Array(shapeSize(sourceShape(network, layer.source)));
    return { ...state, out: new Uint8Array(size * places), counted, before: new Int32Array(size) };
  }
  const area = layer.shape.height * layer.shape.width;
  const drive = Int32Array.from({ length: size }, (_, i) => layer.bias[Math.floor(i / area)]);
  for (const term of layer.terms) if (term.source === INPUT) addCurrent(drive, layer.shape, network, term, q);
  if (layer.kind === 'readout') return { ...state, v: new Float64Array(size), drive };
  const K = network.timetable.layers[layer.depth].phases;
  const v = Int32Array.from({ length: size }, (_, i) => rule.initialMembrane(layer.gridBits[Math.floor(i / area)], K, initial));
  return { ...state, v, drive, counts: new Int32Array(size), decoded: new Int32Array(size) };
}

/** What a depth does in a step, by the neuron's own clock. */
const momentOf = ({ network, rule }: Setting, depth: number, step: number): Moment =>
  (rule.windowed ? momentAt : phaseAt)(network.timetable, depth, step);

/** Σ_terms Σ_i w_i · s_i of this step, each source's spikes weighted by the phase in which they were sent; null where none came. */
function currentOf(setting: Setting, layer: SpikingNeurons | SpikingReadout, size: number, step: number): Int32Array | null {
  const { network, rule, synchronous, states } = setting;
  let current: Int32Array | null = null;
  for (const term of layer.terms) {
    if (term.source === INPUT) continue;
    // the last of the term's synchronous neurons repeats, in its partner's window, what the source sent in its own
    const { depth } = network.layers[term.source];
    const sent = step - (rule.windowed && synchronous ? holdSteps(network.timetable, depth, layer.depth) : 0);
    const train = states[term.source].trains[sent];
    if (!train || train === states[term.source].nothing) continue;
    current ??= new Int32Array(size);
    addCurrent(current, layer.shape, network, term, train, rule.synapseWeight(momentOf(setting, depth, sent)));
  }
  return current;
}

/** One step of a layer of neurons (or of the readout, which never fires). */
function neuronStep(setting: Setting, layer: SpikingNeurons | SpikingReadout, state: LayerState, step: number): void {
  const { rule } = setting;
  const moment = momentOf(setting, layer.depth, step);
  const area = layer.shape.height * layer.shape.width;
  const found = currentOf(setting, layer, state.v.length, step);
  if (rule.windowed && !found && moment.state !== 'firing' && !moment.last && moment.phase !== 0) {
    // nothing comes, nothing is sent, and no window begins or ends
    state.trains.push(state.nothing);
    state.membranes.push(state.v);
    return;
  }
  const current = found ?? state.nothing;
  const words = new Int32Array(current.length);
  const weight = rule.spikeWeight(moment);
  state.v = state.v.map((v, i) => {
    const arrived = rule.arriving(current[i], state.drive[i], moment);
    if (layer.kind === 'readout') return v + arrived;
    const g = layer.gridBits[Math.floor(i / area)];
    const fired = rule.fire(receive(v, arrived), g, moment, state.decoded[i]);
    words[i] = fired.word;
    state.counts[i] += fired.spikes;
    state.decoded[i] += fired.word * weight;
    return fired.v;
  });
  state.trains.push(words);
  state.membranes.push(state.v);
}

/** One step of a pool: passes the source's spikes on in the same step. */
function poolStep(setting: Setting, layer: SpikingPool, state: LayerState, step: number): Int32Array {
  const { network, rule, states } = setting;
  const spikes = states[layer.source].trains[step];
  if (spikes === states[layer.source].nothing) return state.nothing;
  const pooled = new Int32Array(shapeSize(layer.shape));
  const source = sourceShape(network, layer.source);
  if (layer.mode === 'sum') sumPoolStep(layer, source, spikes, pooled);
  else if (rule.maximum === 'step') maxStep(layer, source, spikes, pooled);
  else if (rule.maximum === 'sum') maxSumStep(layer, source, spikes, { summed: state.counted, before: state.before }, pooled);
  else if (rule.maximum === 'count') maxCountStep(layer, source, spikes, state.counted, pooled);
  else {
    const { state: now, phase } = momentOf(setting, layer.depth, step);
    if (now === 'firing' && phase === 0) state.out.fill(0);
    maxPoolStep(layer, source, spikes, state.out, pooled);
  }
  return pooled;
}
