import { INPUT, type Shape, shapeSize, sourceShape } from '../../ann/ann.ts';
import { DeviceError } from '../../errors.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout } from '../../network/network.ts';
import type { NeuronModel } from '../../neuron/model.ts';
import type { Neuron } from '../../neuron/neuron.ts';
import type { Choice } from '../choices.ts';
import { suited, transposed } from '../halves.ts';
import type { Tables, WeightShare } from '../tables.ts';
import { packWeights, tileGeometry, tilesOf } from '../weights.ts';
import { layerMacs, type Parameters, windowParameters } from '../words/dispatches.ts';
import { blocksOf } from '../words/regions.ts';
import type { Windows } from './chunks.ts';
import type { SteppedLayout, Train } from './layout.ts';
import { packEvents, packNeuronChannels } from './weights.ts';

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
  /** Dense convolution and membrane in one kernel, currents in registers (specification, section 9). */
  readonly fused: boolean;
  /** Of dense convolutions, where their sums allow it. */
  readonly arithmetic: Choice['arithmetic'];
  /** Steps of a chunk at most, for neurons without windows; a multiple of 4. Default: what memory allows. */
  readonly chunk?: number | undefined;
}

/** Which code convolves: densely, or driven by spikes. */
export type Form = 'dense' | 'spikes';

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
  /** convolve, fused. */
  readonly arithmetic: Choice['arithmetic'] | null;
  /** Runs in these windows … */
  readonly windows: readonly Windows[];
  /** … but not in those. */
  readonly except: readonly Windows[];
  /** Runs in chunks that end a window only. */
  readonly atEnd: boolean;
  /** Runs where the layer convolves in this form only; null: in both. */
  readonly form: Form | null;
  /** Multiply-adds of the network for one batch and one step, all synapses counted. */
  readonly macs: number;
}

/** Summands of one layer, planes of bits counted one by one (`shaders/lib/steps.wgsl`). */
const MAX_TERMS = 64;
/** Pixels (or images) of one invocation of `convolve`. */
const PIXELS = 2;
const ALWAYS: readonly Windows[] = [{ first: 0, every: 1 }];

export const areaOf = ({ height, width }: Shape): number => height * width;

/** What the parts of a plan share while it is made. */
export interface Draft {
  readonly network: SpikingNetwork;
  readonly model: NeuronModel;
  readonly options: SteppedOptions;
  readonly layout: SteppedLayout;
  readonly tables: Tables<Int32Array>;
  readonly events: Uint32Array[];
  readonly before: SteppedDispatch[];
  readonly dispatches: SteppedDispatch[];
}

const NO_WEIGHTS = {
  tiles: 1,
  weights: null,
  arithmetic: null,
  windows: ALWAYS,
  except: [],
  atEnd: false,
  form: null,
  macs: 0,
} as const;

export function encode({ input, name }: SpikingNetwork, batch: number): SteppedDispatch {
  const { channels, height, width } = input.shape;
  const parameters = { channels, area: height * width, batch, destination: 1 + blocksOf(channels) };
  const invocations = blocksOf(channels) * height * width * batch;
  return { ...NO_WEIGHTS, kernel: 'encode', layer: INPUT, name, parameters, invocations };
}

/** A layer of neurons or the readout: what comes in, and what its membranes make of it. */
export function addWeighted(draft: Draft, layer: SpikingNeurons | SpikingReadout, l: number): void {
  const packed = packWeights(draft.network, layer);
  const parameters = layerParameters(draft, layer, l);
  const [pixelTerms, spikeTerms] = termsOf(draft, layer, packed, parameters.channelBase);
  const arithmetic = suited(draft.options.arithmetic, draft.network, layer, 'term', () => 1);
  const weighted: WeightedLayer = { layer, l, packed, parameters, arithmetic, receiving: uniqueWindows(spikeTerms) };
  addBefore(draft, weighted, pixelTerms);
  const { options } = draft;
  const fused = options.fused && layer.kind === 'neurons' && spikeTerms.length > 0;
  if (spikeTerms.length > 0) addConvolutions(draft, weighted, spikeTerms, fused);
  addMembranes(draft, weighted, fused);
}

/** A layer of neurons or the readout, packed. */
interface WeightedLayer {
  readonly layer: SpikingNeurons | SpikingReadout;
  readonly l: number;
  readonly packed: ReturnType<typeof packWeights>;
  readonly parameters: ReturnType<typeof layerParameters>;
  readonly arithmetic: Choice['arithmetic'];
  /** Windows in which any source sends. */
  readonly receiving: readonly Windows[];
}

const commonOf = ({ layer, l }: WeightedLayer) => ({ ...NO_WEIGHTS, layer: l, name: layer.name });

/** Once a batch: what the pixels drive, and V(0). */
function addBefore({ options, tables, before }: Draft, weighted: WeightedLayer, terms: readonly Parameters[]): void {
  const { layer, packed, parameters } = weighted;
  const tiles = tilesOf(layer.shape.channels);
  if (terms.length > 0) {
    const [weights] = tables.addWeights(packed.data, tiles, packed.tileWords, false);
    const own = { ...parameters, tileWeights: packed.tileWords / 4, terms: terms.length, term: terms };
    const invocations = areaOf(layer.shape) * options.batch;
    before.push({ ...commonOf(weighted), kernel: 'inject', parameters: own, invocations, tiles, weights });
  }
  if (layer.kind === 'neurons') {
    before.push({ ...commonOf(weighted), kernel: 'start', parameters, invocations: shapeSize(layer.shape) * options.batch });
  }
}

/** Spikes → currents in both forms; or the dense one with the membranes in one, which is all that neurons without windows have. */
function addConvolutions(draft: Draft, weighted: WeightedLayer, terms: readonly Parameters[], fused: boolean): void {
  const { model, options, tables, dispatches } = draft;
  const { layer, packed, parameters, arithmetic, receiving: windows } = weighted;
  const alone = fused && !model.windowed;
  const tiles = tilesOf(layer.shape.channels);
  const own = { ...parameters, receives: 1, tileWeights: packed.tileWords / 4, terms: terms.length, term: terms };
  const macs = layerMacs(layer) * options.batch;
  const data = arithmetic === 'halves' ? transposed(packed.data) : packed.data;
  for (const share of tables.addWeights(data, tiles, packed.tileWords, true)) {
    dispatches.push({
      ...commonOf(weighted),
      kernel: fused ? 'fused' : 'convolve',
      parameters: { ...own, firstTile: share.first },
      invocations: parameters.lanes * parameters.tilesX * layer.shape.height,
      tiles: share.tiles,
      weights: share,
      arithmetic,
      windows,
      form: alone ? null : 'dense',
      macs: (macs * share.tiles) / tiles,
    });
  }
  if (alone) return;
  const invocations = tiles * areaOf(layer.shape) * options.batch;
  dispatches.push({
    ...commonOf(weighted),
    kernel: 'convolve-spikes',
    parameters: own,
    invocations,
    windows,
    form: 'spikes',
    macs,
  });
}

/** Membranes in windows that bring currents (where nothing `fused` sees to them) and in others, and the windows' ends. */
function addMembranes({ model, options, dispatches }: Draft, weighted: WeightedLayer, fused: boolean): void {
  if (fused && !model.windowed) return;
  const { layer, parameters, receiving } = weighted;
  const tiles = tilesOf(layer.shape.channels);
  const places = areaOf(layer.shape) * options.batch;
  const isReadout = layer.kind === 'readout';
  const running = model.windowed ? [{ first: layer.depth - 1, every: 1 }] : ALWAYS;
  const membranes = {
    ...commonOf(weighted),
    ...(isReadout
      ? ({ kernel: 'readout-steps', invocations: layer.shape.channels * places } as const)
      : ({ kernel: 'integrate', invocations: places, tiles } as const)),
  };
  if (receiving.length > 0) {
    const form = fused ? 'spikes' : null;
    dispatches.push({ ...membranes, parameters: { ...parameters, receives: 1 }, windows: receiving, form });
  }
  // a readout's potential is written in every step, also before anything has come
  const windows = isReadout ? ALWAYS : running;
  dispatches.push({ ...membranes, parameters: { ...parameters, receives: 0 }, windows, except: receiving });
  if (isReadout || !model.windowed) return;
  const ends = { windows: [...running, ...receiving], atEnd: true };
  dispatches.push({ ...commonOf(weighted), kernel: 'flip', parameters, invocations: tiles * places, ...ends });
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
    channelBase: tables.addChannels(table.data, false).offset / 16,
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
        events: eventBase / 2 + Math.max(0, events.termOffsets[t]),
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

export function pool({ network, model, options, layout }: Draft, layer: SpikingPool, l: number): SteppedDispatch {
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
export function lines({ network, layout }: Draft, l: number): SteppedDispatch[] {
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
