import { DeviceError, OptionError } from '../errors.ts';
import { INPUT, type Shape, shapeSize, sourceShape } from '../graph/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout } from '../network/network.ts';
import type { NeuronModel } from '../neuron/model.ts';
import { modelOf, type Neuron } from '../neuron/neuron.ts';
import { layerMacs, type Parameters, type PlanLimits, windowParameters } from './plan.ts';
import { blocksOf } from './regions.ts';
import type { Windows } from './stepped-chunks.ts';
import { laySteps, type SteppedLayout, type Train } from './stepped-layout.ts';
import { packEvents, packNeuronChannels, QUAD } from './stepped-weights.ts';
import { Tables, UNIFORM_BYTES, type WeightShare } from './tables.ts';
import { packWeights, tileGeometry, tilesOf } from './weights.ts';

/** What to plan for. */
export interface SteppedOptions {
  readonly neuron: Neuron;
  /** Terms are held back by synchronous neurons (matters for windowed neurons only). */
  readonly synchronous: boolean;
  /** T. */
  readonly timesteps: number;
  /** Images at once, at most; cut to the limits. */
  readonly batch: number;
  readonly initial: 'half' | 'zero';
  /** Neurons without windows: convolution and membrane in one kernel, membranes in registers (specification, section 9). */
  readonly fused: boolean;
  /** Steps of a chunk at most, for neurons without windows; a multiple of 4. Default: what memory allows. */
  readonly chunk?: number | undefined;
  /** Bytes that the plan may take in all; 2 GiB by default. */
  readonly memory?: number;
}

export type SteppedKernel =
  | 'encode'
  | 'inject'
  | 'start'
  | 'convolve'
  | 'convolve-spikes'
  | 'integrate'
  | 'fused'
  | 'flip'
  | 'synchronize'
  | 'pool-spikes'
  | 'readout-steps';

/** One dispatch: which kernel, its parameters, and in which chunks it runs. */
export interface SteppedDispatch {
  readonly kernel: SteppedKernel;
  /** Index of the layer; −1 for the input. */
  readonly layer: number;
  readonly name: string;
  readonly parameters: Parameters;
  readonly invocations: number;
  readonly tiles: number;
  readonly weights: WeightShare | null;
  /** Runs in these windows … */
  readonly windows: readonly Windows[];
  /** … but not in those. */
  readonly except: readonly Windows[];
  /** Runs in chunks that end a window only. */
  readonly atEnd: boolean;
  /** Multiply-adds of the network for one batch and one step, all synapses counted. */
  readonly macs: number;
}

/** Everything that is decided before a GPU object is made. */
export interface SteppedPlan {
  readonly network: string;
  readonly batch: number;
  readonly timesteps: number;
  readonly phaseBits: number;
  readonly classes: number;
  readonly options: SteppedOptions;
  /** Steps of a chunk at most. */
  readonly capacity: number;
  /** Once a batch, before the first step. */
  readonly before: readonly SteppedDispatch[];
  /** In every chunk whose window they name, in this order. */
  readonly dispatches: readonly SteppedDispatch[];
  readonly layout: SteppedLayout;
  /** Bytes of each buffer. */
  readonly bytes: { readonly [buffer in SteppedBuffer]: number };
  /** Data that is uploaded once. */
  readonly data: {
    readonly weights: Uint32Array<ArrayBuffer>;
    readonly events: Uint32Array<ArrayBuffer>;
    readonly channels: Int32Array<ArrayBuffer>;
    readonly words: Uint32Array<ArrayBuffer>;
  };
}

export type SteppedBuffer =
  | 'spikes'
  | 'currents'
  | 'membranes'
  | 'counts'
  | 'decoded'
  | 'drive'
  | 'potentials'
  | 'pixels'
  | 'words'
  | 'weights'
  | 'events'
  | 'channels';

/** Summands of one layer, planes of bits counted one by one (`shaders/lib/steps.wgsl`). */
const MAX_TERMS = 64;
/** Pixels (or images) of one invocation of `convolve`. */
const PIXELS = 2;
/** A chunk's currents go through memory: more of them do not stay in the caches. */
const CURRENT_BYTES = 2 ** 25;
const DEFAULT_MEMORY = 2 ** 31;
const ALWAYS: readonly Windows[] = [{ first: 0, every: 1 }];

/**
 * Plans T steps of a network for a batch: dispatches in order, buffers, chunk and batch cut to the limits. Pure.
 * @throws OptionError for options out of range, DeviceError where not even one image fits
 */
export function makeSteppedPlan(network: SpikingNetwork, limits: PlanLimits, options: SteppedOptions): SteppedPlan {
  const { timesteps, chunk } = options;
  positive('timesteps', timesteps);
  positive('batch', options.batch);
  const model = modelOf(options.neuron);
  if (chunk !== undefined && (!Number.isInteger(chunk / 4) || chunk < 4)) {
    throw new OptionError('chunk', 'chunk', `${chunk} is not a positive multiple of 4`, 'leave it out');
  }
  const longest = Math.ceil(Math.min(timesteps, chunk ?? timesteps) / 4) * 4;
  for (let batch = options.batch; batch >= 1; batch = Math.floor(batch / 2)) {
    for (let capacity = longest; capacity >= 4; capacity = Math.ceil(capacity / 8) * 4) {
      const plan = planBatch(network, model, limits, { ...options, batch }, model.windowed ? network.phaseBits : capacity);
      if (fits(plan, network, model, limits)) return plan;
      if (capacity === 4 || model.windowed) break;
    }
  }
  throw new DeviceError(
    'too-large',
    `network "${network.name}"`,
    'does not fit the device with one image at a time',
    'use fewer time steps or smaller images',
  );
}

function positive(option: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > 65535) {
    throw new OptionError(option, option, `${value} is not an integer from 1 to 65535`, 'correct it');
  }
}

function fits(plan: SteppedPlan, network: SpikingNetwork, model: NeuronModel, limits: PlanLimits): boolean {
  const { bytes, options, batch, timesteps } = plan;
  const sizes = Object.values(bytes);
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const largest = network.layers.reduce((most, layer) => Math.max(most, shapeSize(layer.shape)), 0);
  return (
    sizes.every((size) => size <= binding) &&
    sizes.reduce((sum, size) => sum + size, 0) <= (options.memory ?? DEFAULT_MEMORY) &&
    (bytes.currents <= CURRENT_BYTES || plan.capacity <= Math.max(4, plan.phaseBits)) &&
    largest * batch * timesteps * model.most < 2 ** 32
  );
}

/** What the parts of a plan share while it is made. */
interface Draft {
  readonly network: SpikingNetwork;
  readonly model: NeuronModel;
  readonly options: SteppedOptions;
  readonly layout: SteppedLayout;
  readonly tables: Tables<Int32Array>;
  readonly events: Uint32Array[];
  readonly before: SteppedDispatch[];
  readonly dispatches: SteppedDispatch[];
}

function planBatch(
  network: SpikingNetwork,
  model: NeuronModel,
  limits: PlanLimits,
  options: SteppedOptions,
  capacity: number,
): SteppedPlan {
  const { batch, synchronous, timesteps } = options;
  const layout = laySteps(network, model, synchronous, batch, capacity);
  const tables = new Tables(Int32Array, Math.min(limits.maxUniformBufferBindingSize, UNIFORM_BYTES));
  const draft: Draft = { network, model, options, layout, tables, events: [], before: [encode(network, batch)], dispatches: [] };
  network.layers.forEach((layer, l) => {
    if (layer.kind === 'pool') draft.dispatches.push(pool(draft, layer, l));
    else addWeighted(draft, layer, l);
    draft.dispatches.push(...lines(draft, l));
  });
  const events = joined(draft.events);
  const readout = network.layers[network.layers.length - 1];
  const usesCurrents = draft.dispatches.some(({ kernel }) => kernel === 'convolve');
  const data = { ...tables.join(), events, words: constants(network) };
  return {
    network: network.name,
    batch,
    timesteps,
    phaseBits: network.phaseBits,
    classes: readout.shape.channels,
    options,
    capacity,
    before: draft.before,
    dispatches: draft.dispatches,
    layout,
    bytes: {
      spikes: layout.words * 4,
      currents: usesCurrents ? currentBytes(draft) : 16,
      membranes: layout.neuronCount * 4,
      counts: layout.neuronCount * 4,
      decoded: layout.neuronCount * 4,
      drive: layout.driveCount * 4,
      potentials: timesteps * batch * readout.shape.channels * 4,
      pixels: shapeSize(network.input.shape) * batch + 4,
      words: (data.words.length + blocksOf(network.input.shape.channels) * areaOf(network.input.shape) * batch) * 4,
      weights: data.weights.byteLength,
      events: events.byteLength,
      channels: data.channels.byteLength,
    },
    data,
  };
}

const areaOf = ({ height, width }: Shape): number => height * width;

/** Currents of the largest layer that goes through memory. */
const currentBytes = ({ dispatches, layout, options, network }: Draft): number =>
  dispatches.reduce((most, { kernel, layer }) => {
    if (kernel !== 'convolve') return most;
    const { shape } = network.layers[layer];
    return Math.max(most, tilesOf(shape.channels) * 8 * areaOf(shape) * options.batch * layout.groups * 16);
  }, 16);

function joined(parts: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(
    Math.max(
      4,
      parts.reduce((sum, part) => sum + part.length, 0),
    ),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The first words of the pixels: 0, then what stands for padding, the zero point, one word a block. */
function constants(network: SpikingNetwork): Uint32Array<ArrayBuffer> {
  const { channels } = network.input.shape;
  const words = new Uint32Array(1 + blocksOf(channels));
  for (let c = 0; c < channels; c++) words[1 + (c >> 2)] |= network.input.zeroPoint[c] << (8 * (c & 3));
  return words;
}

const NO_WEIGHTS = { tiles: 1, weights: null, windows: ALWAYS, except: [], atEnd: false, macs: 0 } as const;

function encode({ input, name }: SpikingNetwork, batch: number): SteppedDispatch {
  const { channels, height, width } = input.shape;
  const parameters = { channels, area: height * width, batch, destination: 1 + blocksOf(channels) };
  const invocations = blocksOf(channels) * height * width * batch;
  return { ...NO_WEIGHTS, kernel: 'encode', layer: INPUT, name, parameters, invocations };
}

/** A layer of neurons or the readout: what comes in, and what its membranes make of it. */
function addWeighted(draft: Draft, layer: SpikingNeurons | SpikingReadout, l: number): void {
  const { network, model, options, tables, before, dispatches } = draft;
  const packed = packWeights(network, layer);
  const tiles = tilesOf(layer.shape.channels);
  const places = tiles * areaOf(layer.shape) * options.batch;
  const parameters = layerParameters(draft, layer, l);
  const shared = { layer: l, name: layer.name };
  const [pixelTerms, spikeTerms] = termsOf(draft, layer, packed, parameters.channelBase);
  if (pixelTerms.length > 0) {
    const [weights] = tables.addWeights(packed.data, tiles, packed.tileWords, false);
    const own = { ...parameters, tileWeights: packed.tileWords / 4, terms: pixelTerms.length, term: pixelTerms };
    const invocations = areaOf(layer.shape) * options.batch;
    before.push({ ...NO_WEIGHTS, ...shared, kernel: 'inject', parameters: own, invocations, tiles, weights });
  }
  if (layer.kind === 'neurons') {
    const invocations = shapeSize(layer.shape) * options.batch;
    before.push({ ...NO_WEIGHTS, ...shared, kernel: 'start', parameters, invocations });
  }
  const receiving = uniqueWindows(spikeTerms);
  const running = model.windowed ? [{ first: layer.depth - 1, every: 1 }] : ALWAYS;
  const own = { ...parameters, tileWeights: packed.tileWords / 4, terms: spikeTerms.length, term: spikeTerms };
  const fused = options.fused && !model.windowed && layer.kind === 'neurons' && spikeTerms.length > 0;
  if (spikeTerms.length > 0) {
    const { lanes, tilesX } = own as { lanes: number; tilesX: number };
    const macs = layerMacs(layer) * options.batch;
    for (const share of tables.addWeights(packed.data, tiles, packed.tileWords, true)) {
      dispatches.push({
        ...NO_WEIGHTS,
        ...shared,
        kernel: fused ? 'fused' : 'convolve',
        parameters: { ...own, receives: 1, firstTile: share.first },
        invocations: lanes * tilesX * layer.shape.height,
        tiles: share.tiles,
        weights: share,
        windows: receiving,
        macs: (macs * share.tiles) / tiles,
      });
    }
    if (fused) return;
    const quads = Math.ceil(layer.shape.channels / QUAD);
    const invocations = quads * areaOf(layer.shape) * options.batch;
    dispatches.push({
      ...NO_WEIGHTS,
      ...shared,
      kernel: 'convolve-spikes',
      parameters: own,
      invocations,
      windows: receiving,
      macs,
    });
  }
  const membranes =
    layer.kind === 'readout'
      ? ({ ...NO_WEIGHTS, ...shared, kernel: 'readout-steps', invocations: shapeSize(layer.shape) * options.batch } as const)
      : ({ ...NO_WEIGHTS, ...shared, kernel: 'integrate', invocations: areaOf(layer.shape) * options.batch, tiles } as const);
  if (receiving.length > 0) dispatches.push({ ...membranes, parameters: { ...parameters, receives: 1 }, windows: receiving });
  // a readout's potential is written in every step, also before anything has come
  const always = layer.kind === 'readout' ? ALWAYS : running;
  dispatches.push({ ...membranes, parameters: { ...parameters, receives: 0 }, windows: always, except: receiving });
  if (layer.kind === 'neurons' && model.windowed) {
    dispatches.push({
      ...NO_WEIGHTS,
      ...shared,
      kernel: 'flip',
      parameters,
      invocations: places,
      windows: [...running, ...receiving],
      atEnd: true,
    });
  }
}

/** Parameters of a layer, without its terms. */
function layerParameters(draft: Draft, layer: SpikingNeurons | SpikingReadout, l: number) {
  const { network, model, options, layout, tables } = draft;
  const { channels, height, width } = layer.shape;
  const train = layout.trains[l];
  const table = packNeuronChannels(network, layer, model, options.initial);
  return {
    channels,
    height,
    width,
    batch: options.batch,
    ...tileGeometry(width, options.batch, PIXELS),
    destination: train?.first ?? 0,
    groupStride: train?.groupStride ?? 0,
    planes: train?.planes ?? 0,
    most: model.most,
    phaseBits: network.phaseBits,
    channelBase: tables.addChannels(table.data) / 4,
    counter: l,
    membranes: layout.neurons[l],
    drive: Math.max(0, layout.drives[l]),
    hasDrive: layout.drives[l] >= 0 ? 1 : 0,
    states: Math.max(0, layout.states[l]),
    firstWindow: layer.depth - 1,
  };
}

/** The terms of a layer as the kernels read them: those that read pixels, and those that read spikes, one a plane. */
function termsOf(
  draft: Draft,
  layer: SpikingNeurons | SpikingReadout,
  packed: ReturnType<typeof packWeights>,
  channelBase: number,
): [Parameters[], (Parameters & Windows)[]] {
  const { network, model, options, layout } = draft;
  const events = packEvents(network, layer);
  const eventBase = draft.events.reduce((sum, part) => sum + part.length, 0);
  draft.events.push(events.data);
  const { identities } = packNeuronChannels(network, layer, model, options.initial);
  const pixelTerms: Parameters[] = [];
  const spikeTerms: (Parameters & Windows)[] = [];
  layer.terms.forEach((term, t) => {
    const { operator, source } = term;
    const { height, width, channels } = sourceShape(network, source);
    const groups = operator.type === 'identity' ? 1 : operator.groups;
    const common = {
      height,
      width,
      blocks: packed.termBlocks[t],
      groupOutputs: layer.shape.channels / groups,
      groupInputs: channels / groups,
      ...(operator.type === 'identity'
        ? { kind: 1, weights: channelBase + identities[t] }
        : { kind: 0, weights: packed.termOffsets[t] / 4, ...windowParameters(operator.window) }),
    };
    if (source === INPUT) {
      pixelTerms.push({ ...common, source: 1 + blocksOf(channels), pad: 1, padStride: 1 });
      return;
    }
    const held = model.windowed && options.synchronous ? term.delay : 0;
    const line = layout.lines.find((one) => one.source === source && one.delay === held);
    const train = line?.train ?? (layout.trains[source] as Train);
    // the last synchronous neuron sends `held` windows after the source
    const windows = model.windowed ? { first: network.layers[source].depth + held, every: 2 } : ALWAYS[0];
    for (let plane = 0; plane < train.planes; plane++) {
      spikeTerms.push({
        ...common,
        source: train.first + plane * train.planeStride,
        groupStride: train.groupStride,
        events: eventBase + Math.max(0, events.termOffsets[t]),
        shift: plane,
        ...windows,
      });
    }
  });
  if (spikeTerms.length > MAX_TERMS || pixelTerms.length > MAX_TERMS) {
    const what = `joins ${spikeTerms.length} terms and planes of bits, at most ${MAX_TERMS}`;
    throw new DeviceError('too-many-terms', `layer "${layer.name}"`, what, 'split the join with a ReLU');
  }
  return [pixelTerms, spikeTerms];
}

const uniqueWindows = (terms: readonly Windows[]): Windows[] => [
  ...new Map(terms.map(({ first, every }) => [`${first} ${every}`, { first, every }])).values(),
];

function pool({ network, model, options, layout }: Draft, layer: SpikingPool, l: number): SteppedDispatch {
  const { channels, height, width } = layer.shape;
  const source = layout.trains[layer.source] as Train;
  const from = sourceShape(network, layer.source);
  const train = layout.trains[l] as Train;
  const parameters = {
    channels,
    height,
    width,
    batch: options.batch,
    source: source.first,
    sourceGroupStride: source.groupStride,
    sourcePlanes: source.planes,
    sourceHeight: from.height,
    sourceWidth: from.width,
    destination: train.first,
    groupStride: train.groupStride,
    planes: train.planes,
    memory: Math.max(0, layout.poolMemory[l]),
    phaseBits: network.phaseBits,
    ...windowParameters(layer.window),
  };
  const invocations = tilesOf(channels) * height * width * options.batch;
  const windows = model.windowed ? [{ first: layer.depth, every: 1 }] : ALWAYS;
  return { ...NO_WEIGHTS, kernel: 'pool-spikes', layer: l, name: layer.name, parameters, invocations, windows };
}

/** The rows of synchronous neurons that a layer feeds. */
function lines({ network, layout }: Draft, l: number): SteppedDispatch[] {
  return layout.lines
    .filter(({ source }) => source === l)
    .map(({ delay, ring, train }) => {
      const source = layout.trains[l] as Train;
      const { groupStride } = train;
      const parameters = { source: source.first, sent: train.first, ring, groupStride, groups: layout.groups, delay };
      const windows = [{ first: network.layers[l].depth, every: 1 }];
      return {
        ...NO_WEIGHTS,
        kernel: 'synchronize' as const,
        layer: l,
        name: `${network.layers[l].name} + ${delay}`,
        parameters,
        invocations: groupStride,
        windows,
      };
    });
}
