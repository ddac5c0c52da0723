import { shapeSize } from '../../ann/ann.ts';
import { OptionError } from '../../errors.ts';
import type { Arithmetic } from '../../kernels/arithmetic.ts';
import { encode } from '../../kernels/encode.ts';
import { layEvents, packEvents } from '../../kernels/events.ts';
import { suited } from '../../kernels/exact.ts';
import { fused } from '../../kernels/fused.ts';
import { fusedSpikes } from '../../kernels/fused-spikes.ts';
import { cellsOf, inputPadding, tilesOf } from '../../kernels/geometry.ts';
import { inject } from '../../kernels/inject.ts';
import { integrate } from '../../kernels/integrate.ts';
import { poolSpikes } from '../../kernels/pool-spikes.ts';
import { readoutSteps } from '../../kernels/readout-steps.ts';
import { start } from '../../kernels/start.ts';
import {
  ALWAYS,
  type Form,
  from,
  onceAnImage,
  type TrainContext,
  type TrainDispatch,
  type TrainLayer,
  trainLayer,
} from '../../kernels/trains.ts';
import { layChannels, layWeights, type WeightedLayer } from '../../kernels/weights.ts';
import { phasesAt, type SpikingNetwork } from '../../network/network.ts';
import type { Timetable } from '../../network/timetable.ts';
import { type Neuron, ruleOf, ruleOn } from '../../neuron/neuron.ts';
import { countsSpikes } from '../counters.ts';
import { checkCount, type FitOptions, fit, type PlanLimits } from '../fit.ts';
import { networkPackers } from '../packers.ts';
import { type Packers, type Program, storage, uniform } from '../program.ts';
import { Tables } from '../tables.ts';
import { laySteps, type SteppedLayout } from './layout.ts';

/** What to plan for. */
export interface TrainsOptions extends FitOptions {
  readonly neuron: Neuron;
  /** Terms are held back by synchronous neurons (matters for windowed neurons only). */
  readonly synchronous: boolean;
  /** T. */
  readonly timesteps: number;
  readonly initial: 'half' | 'zero';
  /** The forms in which layers that read spikes are there; "auto": in both, where a session may change between them. */
  readonly convolution: 'auto' | Form;
  /** Of dense convolutions, where their sums allow it. */
  readonly arithmetic: Arithmetic;
  /** Steps of a chunk at most, for neurons without windows; a multiple of 4. Default: what memory allows. */
  readonly chunk?: number | undefined;
}

/** The stepped engine's program: every dispatch computes a chunk of steps. */
export interface TrainsProgram extends Program {
  readonly timesteps: number;
  readonly timetable: Timetable;
  readonly classes: number;
  readonly options: TrainsOptions;
  /** Steps of a chunk at most. */
  readonly capacity: number;
  readonly dispatches: readonly TrainDispatch[];
  readonly layout: SteppedLayout;
}

/** Steps at most: their number stands in 16 bits. */
export const MOST_STEPS = 65535;

/**
 * Plans T steps of a network for a batch: dispatches in order, buffers, chunk and batch cut to the limits. Pure.
 * @throws OptionError for options out of range, DeviceError where not even one image fits
 */
export function planTrains(network: SpikingNetwork, limits: PlanLimits, options: TrainsOptions): TrainsProgram {
  const { timesteps, chunk } = options;
  checkCount('timesteps', timesteps, MOST_STEPS);
  if (chunk !== undefined && (!Number.isInteger(chunk / 4) || chunk < 4)) {
    throw new OptionError('chunk', 'chunk', `${chunk} is not a positive multiple of 4`, 'leave it out');
  }
  const model = ruleOn(options.neuron, network);
  const arithmetics = arithmeticsOf(network, options.arithmetic);
  const longest = Math.ceil(Math.min(timesteps, chunk ?? timesteps) / 4) * 4;
  const capacities = model.windowed ? [longestWindow(network.timetable)] : shorter(longest);
  return fit(network.name, limits, options, function* (batch) {
    if (!countsSpikes(network.layers, batch, timesteps * model.mostSpikes)) return;
    for (const capacity of capacities) {
      const layout = laySteps(network, model, options.synchronous, batch, capacity);
      const context = { network, model, synchronous: options.synchronous, layout, batch, restarts: false };
      yield planBatch(context, limits, { ...options, batch }, arithmetics, capacity);
    }
  });
}

/** What convolves each layer densely, where its sums allow what is wanted. */
export const arithmeticsOf = (network: SpikingNetwork, wanted: Arithmetic): Arithmetic[] =>
  network.layers.map((layer) => (layer.kind === 'pool' ? 'f32' : suited(wanted, network, layer, 'term', () => 1)));

/** Steps in which no depth changes its state, at most. */
export const longestWindow = ({ layers }: Timetable): number =>
  Math.max(...layers.flatMap(({ integrates, fires }) => [integrates.steps, fires.steps]));

/** A number of steps and what is left of it after each halving: multiples of 4. */
function shorter(longest: number): number[] {
  const capacities = [longest];
  for (let last = longest; last > 4; ) {
    last = Math.ceil(last / 8) * 4;
    capacities.push(last);
  }
  return capacities;
}

/** The program of one batch; nothing is checked yet. */
export function planBatch(
  context: TrainContext,
  limits: PlanLimits,
  options: TrainsOptions,
  arithmetics: readonly Arithmetic[],
  capacity: number,
): TrainsProgram {
  const { network, layout, batch } = context;
  const { input, layers } = network;
  const { timesteps } = options;
  const tables = new Tables(limits);
  const { words: padding } = inputPadding(input.shape);
  const dispatches: TrainDispatch[] = [{ ...encode(input.shape, batch, padding), when: onceAnImage(context, 1) }];
  layers.forEach((layer, l) => {
    if (layer.kind === 'pool') dispatches.push(poolSpikes(context, layer, l));
    else {
      const table = tables.table('channels', 'channels', l, layChannels(layer).entries * 16, false);
      dispatches.push(...weighted(context, trainLayer(context, layer, l, table, arithmetics[l]), tables, options.convolution));
    }
  });
  const classes = layers[layers.length - 1].shape.channels;
  const potentials = timesteps * batch * classes * 4;
  return {
    network: network.name,
    batch,
    timesteps,
    timetable: network.timetable,
    classes,
    options,
    capacity,
    // what runs once a batch comes first
    dispatches: [...dispatches.filter(({ when }) => when.once), ...dispatches.filter(({ when }) => !when.once)],
    layout,
    buffers: {
      spikes: storage(layout.words * 4, true),
      membranes: storage(layout.neuronCount * 4, true),
      counts: storage(layout.neuronCount * 4, true),
      decoded: storage(layout.neuronCount * 4, true),
      counters: storage(layers.length * 4, true),
      drive: storage(layout.driveCount * 4),
      potentials: storage(potentials),
      pixels: storage(shapeSize(input.shape) * batch + 4),
      words: storage((padding + cellsOf(input.shape) * batch) * 4),
      weights: tables.buffer('weights'),
      events: tables.buffer('events'),
      channels: tables.buffer('channels'),
      batch: uniform(16),
      chunk: uniform(16),
    },
    contents: [{ buffer: 'words', offset: 0, pack: 'padding', layer: -1 }, ...tables.contents],
    results: [
      { buffer: 'potentials', offset: 0, size: potentials },
      { buffer: 'counters', offset: 0, size: layers.length * 4 },
    ],
  };
}

/** A layer of neurons or the readout: one dispatch a chunk, or one for each share of its weights. */
function weighted(context: TrainContext, one: TrainLayer, tables: Tables, convolution: 'auto' | Form): TrainDispatch[] {
  const { network } = context;
  const { layer, l, arithmetic, pixelTerms, spikeTerms } = one;
  const tiles = tilesOf(layer.shape.channels);
  const weights = { layer: l, tiles, tileBytes: layWeights(network, layer).tileWords * 4 };
  const injected = pixelTerms.length > 0 ? tables.weights('weights', 'weights', weights, false) : [];
  const dispatches = injected.length > 0 ? inject(context, one, injected) : [];
  /** Of spikes, as dense convolutions read them. */
  const dense = () => tables.weights('weights', arithmetic === 'halves' ? 'transposed' : 'weights', weights, true);
  if (layer.kind === 'readout') {
    return [...dispatches, ...readoutSteps(context, one, spikeTerms.length > 0 ? dense() : injected)];
  }
  if (!beginsItself(context, layer.depth)) dispatches.push(start(context, one));
  const receiving = { ...ALWAYS, during: one.receiving };
  const forms = spikeTerms.length > 0 ? formsOf(context, convolution) : [];
  const when = (form: Form) => ({ ...receiving, form: forms.length > 1 ? form : null });
  if (forms.includes('dense')) dispatches.push(...fused(context, one, dense(), when('dense')));
  if (forms.includes('spikes')) {
    const pairs = layEvents(network, layer, 1).pairs;
    const shares = tables.parts('events', 'events', { layer: l, tiles, tileBytes: pairs * 8 });
    dispatches.push(...fusedSpikes(context, one, shares, when('spikes')));
  }
  return [...dispatches, ...idle(context, one)];
}

/** Whether a layer does something in the first step of every image, and so makes V(0) itself (`startsAnew` of its kernels). */
const beginsItself = ({ model, network, restarts }: TrainContext, depth: number): boolean =>
  restarts || !model.windowed || network.timetable.layers[depth].integrates.first === 0;

/** The forms in which layers are there: neurons without windows, which send often, are driven by spikes where that is asked for only. */
const formsOf = ({ model }: TrainContext, convolution: 'auto' | Form): Form[] => {
  if (convolution !== 'auto') return [convolution];
  return model.windowed ? ['dense', 'spikes'] : ['dense'];
};

/** What a layer does in chunks in which no spikes come; without windows they come in all. */
function idle(context: TrainContext, one: TrainLayer): TrainDispatch[] {
  const { model, network } = context;
  const { layer, receiving } = one;
  if (!model.windowed && receiving.length > 0) return [];
  const running = [from(model.windowed ? network.timetable.layers[layer.depth].integrates.first : 0)];
  return [integrate(context, one, { ...ALWAYS, during: running, except: receiving })];
}

/** What makes the program's data of the network. */
export function trainsPackers(network: SpikingNetwork, { neuron, initial }: Pick<TrainsOptions, 'neuron' | 'initial'>): Packers {
  const model = ruleOf(neuron);
  return {
    ...networkPackers(network, (g, layer) => model.initialMembrane(g, phasesAt(network, layer), initial)),
    events: ({ layer, first = 0, tiles = 0 }) => packEvents(network, network.layers[layer] as WeightedLayer, { first, tiles }),
  };
}
