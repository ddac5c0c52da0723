import { shapeSize } from '../../ann/ann.ts';
import { OptionError } from '../../errors.ts';
import type { Arithmetic } from '../../kernels/arithmetic.ts';
import { convolve, fused } from '../../kernels/convolve.ts';
import { convolveSpikes } from '../../kernels/convolve-spikes.ts';
import { encode } from '../../kernels/encode.ts';
import { layEvents, packEvents } from '../../kernels/events.ts';
import { suited } from '../../kernels/exact.ts';
import { flip } from '../../kernels/flip.ts';
import { areaOf, cellsOf, inputPadding, tilesOf } from '../../kernels/geometry.ts';
import { inject } from '../../kernels/inject.ts';
import { integrate } from '../../kernels/integrate.ts';
import type { KernelName } from '../../kernels/kernel.ts';
import { poolSpikes } from '../../kernels/pool-spikes.ts';
import { readoutSteps } from '../../kernels/readout-steps.ts';
import { start } from '../../kernels/start.ts';
import { synchronize } from '../../kernels/synchronize.ts';
import {
  ALWAYS,
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
  /** Dense convolution and membrane in one kernel, currents in registers (specification, section 9). */
  readonly fused: boolean;
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
/** A chunk's currents go through memory: more of them do not stay in the caches. */
const CURRENT_BYTES = 2 ** 25;
/** The kernels whose currents do. */
const CONVOLVING: ReadonlySet<KernelName> = new Set<KernelName>(['convolve', 'convolve-spikes']);

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
  const window = longestWindow(network.timetable);
  const capacities = model.windowed ? [window] : shorter(longest);
  return fit(network.name, limits, options, function* (batch) {
    if (!countsSpikes(network.layers, batch, timesteps * model.mostSpikes)) return;
    for (const capacity of capacities) {
      const layout = laySteps(network, model, options.synchronous, batch, capacity);
      const context = { network, model, synchronous: options.synchronous, layout, batch, restarts: false };
      const program = planBatch(context, limits, { ...options, batch }, arithmetics, capacity);
      const short = capacity <= Math.max(4, window);
      if (program.buffers.currents.bytes <= CURRENT_BYTES || short) yield program;
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
      dispatches.push(...weighted(context, trainLayer(context, layer, l, table, arithmetics[l]), tables, options.fused));
    }
    dispatches.push(...layout.lines.filter(({ source }) => source === l).map((line) => synchronize(context, line)));
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
      currents: storage(currentBytes(context, dispatches)),
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

/** A layer of neurons or the readout: what comes in, and what its membranes make of it. */
function weighted(context: TrainContext, one: TrainLayer, tables: Tables, fuse: boolean): TrainDispatch[] {
  const { network, model } = context;
  const { layer, l, arithmetic, pixelTerms, spikeTerms } = one;
  const tiles = tilesOf(layer.shape.channels);
  const weights = { layer: l, tiles, tileBytes: layWeights(network, layer).tileWords * 4 };
  const isFused = fuse && layer.kind === 'neurons' && spikeTerms.length > 0;
  const dispatches: TrainDispatch[] = [];
  if (pixelTerms.length > 0) dispatches.push(...inject(context, one, tables.weights('weights', 'weights', weights, false)));
  if (layer.kind === 'neurons') dispatches.push(start(context, one));
  if (spikeTerms.length > 0) {
    const shares = tables.weights('weights', arithmetic === 'halves' ? 'transposed' : 'weights', weights, true);
    dispatches.push(...(isFused ? fused(context, one, shares) : convolve(context, one, shares)));
  }
  if (isFused && !model.windowed) return dispatches;
  if (spikeTerms.length > 0) {
    const pairs = layEvents(network, layer, 1).pairs;
    dispatches.push(...convolveSpikes(context, one, tables.parts('events', 'events', { layer: l, tiles, tileBytes: pairs * 8 })));
  }
  return [...dispatches, ...membranes(context, one, isFused)];
}

/** Membranes in windows that bring currents (where nothing `fused` sees to them) and in others, and the windows' ends. */
function membranes(context: TrainContext, one: TrainLayer, isFused: boolean): TrainDispatch[] {
  const { model, network } = context;
  const { layer, receiving } = one;
  const isReadout = layer.kind === 'readout';
  const step = isReadout ? readoutSteps : integrate;
  const running = [from(model.windowed ? network.timetable.layers[layer.depth].integrates.first : 0)];
  const taking = { ...ALWAYS, during: receiving, form: isFused ? ('spikes' as const) : null };
  // a readout's potential is written in every step, also before anything has come
  const idle = { ...ALWAYS, during: isReadout ? [from(0)] : running, except: receiving };
  return [
    ...(receiving.length > 0 ? [step(context, one, true, taking)] : []),
    step(context, one, false, idle),
    ...(isReadout || !model.windowed ? [] : [flip(context, one, [...running, ...receiving])]),
  ];
}

/** Currents of the largest layer that goes through memory. */
const currentBytes = ({ layout, batch, network }: TrainContext, dispatches: readonly TrainDispatch[]): number =>
  dispatches.reduce((most, { kernel, layer }) => {
    if (!CONVOLVING.has(kernel)) return most;
    const { shape } = network.layers[layer];
    return Math.max(most, tilesOf(shape.channels) * 8 * areaOf(shape) * batch * layout.groups * 16);
  }, 16);

/** What makes the program's data of the network. */
export function trainsPackers(network: SpikingNetwork, { neuron, initial }: Pick<TrainsOptions, 'neuron' | 'initial'>): Packers {
  const model = ruleOf(neuron);
  return {
    ...networkPackers(network, (g, layer) => model.initialMembrane(g, phasesAt(network, layer), initial)),
    events: ({ layer, first = 0, tiles = 0 }) => packEvents(network, network.layers[layer] as WeightedLayer, { first, tiles }),
  };
}
