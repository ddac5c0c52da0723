import { DeviceError, OptionError } from '../errors.ts';
import { shapeSize, sourceShape } from '../graph/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout } from '../network/network.ts';
import { DEFAULT_MEMORY, largestBinding, type PlanLimits, withinLimits } from './limits.ts';
import { layRegions, paddingOf, type Region, type Regions } from './regions.ts';
import { Tables, UNIFORM_BYTES, type WeightShare } from './tables.ts';
import { packChannels, packWeights, tileGeometry, tilesOf } from './weights.ts';

export type { PlanLimits } from './limits.ts';

/** What to plan for. */
export interface PlanOptions {
  /** Images at once, at most; cut to the limits. */
  readonly batch: number;
  /** Words that every layer sends. */
  readonly waves: number;
  /** Keep the words of all layers until the end (they can be read back then). */
  readonly keepWords?: boolean;
  /** Keep the membranes of all layers. */
  readonly keepMembranes?: boolean;
  /** Bind weights as uniform buffers where they fit ("uniform", default) or always as storage. */
  readonly weights?: 'uniform' | 'storage';
  /** Bytes that the plan may take in all; 2 GiB by default. */
  readonly memory?: number;
}

/** Values of a kernel's parameter struct, by member name (`shaders/lib/layer.wgsl`, `pool.wgsl`, `encode.wgsl`). */
export type Parameters = { readonly [member: string]: number | readonly number[] | readonly Parameters[] };

/** One dispatch: which kernel, its parameters, how many invocations along x and workgroups along y. */
export interface Dispatch {
  readonly kernel: 'encode' | 'accumulate' | 'pool' | 'readout';
  /** Index of the layer; −1 for the input. */
  readonly layer: number;
  readonly name: string;
  readonly parameters: Parameters;
  readonly invocations: number;
  readonly tiles: number;
  /** pool: maximum or sum. */
  readonly maximum: boolean;
  /** Where the weights of these tiles lie, in bytes; null for none. */
  readonly weights: WeightShare | null;
  /** Multiply-adds of the network (not of padding) for one batch, all waves. */
  readonly macs: number;
}

/** Everything that is decided before a GPU object is made: printable, testable, the same for every device with these limits. */
export interface Plan {
  readonly network: string;
  readonly batch: number;
  readonly waves: number;
  readonly phaseBits: number;
  readonly classes: number;
  readonly dispatches: readonly Dispatch[];
  readonly regions: Regions;
  /** First entry of each layer's membranes where they are kept; −1 for pools. */
  readonly membranes: readonly number[];
  /** Bytes of each buffer. */
  readonly bytes: { readonly [buffer in 'words' | 'pixels' | 'weights' | 'channels' | 'potentials' | 'membranes']: number };
  /** Data that is uploaded once. */
  readonly data: {
    readonly weights: Uint32Array<ArrayBuffer>;
    readonly channels: Int32Array<ArrayBuffer>;
    readonly constants: Uint32Array<ArrayBuffer>;
  };
}

/** Terms that one layer may join (`shaders/lib/layer.wgsl`). */
const MAX_TERMS = 32;
/** Pixels (or images) that one invocation of `accumulate` computes. */
const PIXELS = 8;

/**
 * Plans a network for a batch: dispatches in order, buffers with lifetimes, the batch cut to the limits. Pure.
 * @throws OptionError for a batch or wave count out of range, DeviceError where not even one image fits
 */
export function makePlan(network: SpikingNetwork, limits: PlanLimits, options: PlanOptions): Plan {
  const { batch, waves } = options;
  positive('batch', batch, 65535);
  positive('waves', waves, 128);
  for (let size = batch; size >= 1; size = Math.floor(size / 2)) {
    const plan = planBatch(network, limits, { ...options, batch: size });
    if (fits(plan, limits, options.memory ?? DEFAULT_MEMORY)) return plan;
  }
  throw new DeviceError(
    'too-large',
    `network "${network.name}"`,
    'does not fit the device with one image at a time',
    'use fewer waves or smaller images',
  );
}

/** @throws DeviceError where a layer joins more terms than the kernels' parameters hold */
export function checkTerms(layer: string, terms: number): void {
  if (terms <= MAX_TERMS) return;
  throw new DeviceError(
    'too-many-terms',
    `layer "${layer}"`,
    `joins ${terms} terms, at most ${MAX_TERMS}`,
    'split the join with a ReLU',
  );
}

function positive(option: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new OptionError(option, option, `${value} is not an integer from 1 to ${max}`, 'correct it');
  }
}

/** Words, pixels and tables are bound as a whole, weights share by share. */
function fits({ bytes, dispatches, regions }: Plan, limits: PlanLimits, memory: number): boolean {
  const { weights, ...whole } = bytes;
  const demand = { whole: Object.values(whole), weights, shares: dispatches.map((dispatch) => dispatch.weights) };
  return withinLimits(demand, limits, memory) && regions.words < 2 ** 31;
}

function planBatch(network: SpikingNetwork, limits: PlanLimits, options: PlanOptions): Plan {
  const { batch, waves, keepWords = false, keepMembranes = false } = options;
  const regions = layRegions(network, batch, waves, keepWords);
  const tables = new Tables(
    Int32Array,
    options.weights === 'storage' ? 0 : Math.min(limits.maxUniformBufferBindingSize, UNIFORM_BYTES),
    largestBinding(limits),
  );
  const membranes: number[] = [];
  let membraneCount = 0;
  const dispatches: Dispatch[] = [encode(network, regions, batch)];
  network.layers.forEach((layer, l) => {
    const size = layer.shape.channels * layer.shape.height * layer.shape.width * batch;
    membranes.push(keepMembranes && layer.kind === 'neurons' ? membraneCount : -1);
    if (layer.kind === 'pool') dispatches.push(pool(network, regions, layer, l, options));
    else {
      const common = weighted(network, regions, layer, l, options, tables, Math.max(0, membranes[l]));
      if (layer.kind === 'readout') dispatches.push(readout(layer, l, common, options, tables));
      else dispatches.push(...accumulate(layer, l, common, tables));
    }
    if (membranes[l] >= 0) membraneCount += size;
  });
  const readoutLayer = network.layers[network.layers.length - 1];
  const data = { ...tables.join(), constants: constants(network) };
  return {
    network: network.name,
    batch,
    waves,
    phaseBits: network.phaseBits,
    classes: readoutLayer.shape.channels,
    dispatches,
    regions,
    membranes,
    bytes: {
      words: regions.words * 4,
      pixels: shapeSize(network.input.shape) * batch + 4,
      weights: data.weights.byteLength,
      channels: data.channels.byteLength,
      potentials: waves * network.phaseBits * batch * readoutLayer.shape.channels * 4,
      membranes: membraneCount * 4,
    },
    data,
  };
}

/** The first words of the arena: what stands for padding; for the input that is the zero point. */
function constants(network: SpikingNetwork): Uint32Array<ArrayBuffer> {
  const { channels } = network.input.shape;
  const words = new Uint32Array(1 + Math.ceil(channels / 4));
  for (let c = 0; c < channels; c++) words[1 + (c >> 2)] |= network.input.zeroPoint[c] << (8 * (c & 3));
  return words;
}

function encode(network: SpikingNetwork, regions: Regions, batch: number): Dispatch {
  const { channels, height, width } = network.input.shape;
  const region = regions.regions[0] as Region;
  const parameters = { channels, area: height * width, batch, destination: region.first };
  const invocations = region.blocks * height * width * batch;
  return { kernel: 'encode', layer: -1, name: 'input', parameters, invocations, tiles: 1, maximum: false, weights: null, macs: 0 };
}

interface Common {
  readonly parameters: Parameters;
  readonly data: Uint32Array;
  readonly tileWords: number;
  readonly macs: number;
}

/** What accumulate and readout share: terms, weights, channel table. */
function weighted(
  network: SpikingNetwork,
  regions: Regions,
  layer: SpikingNeurons | SpikingReadout,
  l: number,
  options: PlanOptions,
  tables: Tables<Int32Array>,
  membranes: number,
): Common {
  const { batch, waves } = options;
  const { channels, height, width } = layer.shape;
  const packed = packWeights(network, layer);
  const regionOf = (source: number) => regions.regions[source + 1] as Region;
  const table = packChannels(network, layer);
  const channelBase = tables.addChannels(table.data) / 4;
  const terms = layer.terms.flatMap((term, t) => {
    const region = regionOf(term.source);
    const source = sourceShape(network, term.source);
    // neurons read whole words; only the readout looks at their prefixes
    const whole = layer.kind === 'readout' ? 0 : region.phases - 1;
    const phases = layer.kind === 'readout' ? region.phases : 1;
    const operator =
      term.operator.type === 'identity'
        ? { kind: 1, weights: channelBase + table.identities[t] }
        : { kind: 0, weights: packed.termOffsets[t] / 4, ...windowParameters(term.operator.window) };
    const groups = term.operator.type === 'identity' ? 1 : term.operator.groups;
    return Array.from({ length: region.planes }, (_, plane) => ({
      ...operator,
      source: region.first + whole * region.waveStride + plane * region.planeStride,
      waveStride: layer.kind === 'readout' ? region.waveStride : region.waveStride * region.phases,
      ...paddingOf(regions, term.source),
      height: source.height,
      width: source.width,
      blocks: packed.termBlocks[t],
      groupOutputs: channels / groups,
      groupInputs: source.channels / groups,
      shift: 8 * plane,
      phases,
    }));
  });
  checkTerms(layer.name, terms.length);
  const region = regions.regions[l + 1];
  const parameters = {
    channels,
    height,
    width,
    batch,
    ...tileGeometry(width, batch, PIXELS),
    tileWeights: packed.tileWords / 4,
    destination: region?.first ?? 0,
    waveStride: region?.waveStride ?? 0,
    waves,
    phaseBits: network.phaseBits,
    maxWord: 2 ** network.phaseBits - 1,
    channelBase,
    counter: l,
    membranes,
    terms: terms.length,
    term: terms,
  };
  return { parameters, data: packed.data, tileWords: packed.tileWords, macs: layerMacs(layer) * batch * waves };
}

/** A window as the kernels' parameter structs name it. */
export const windowParameters = ({ kernel, stride, pads, dilation }: SpikingPool['window']) => ({
  kernelHeight: kernel[0],
  kernelWidth: kernel[1],
  strideY: stride[0],
  strideX: stride[1],
  padTop: pads[0],
  padLeft: pads[1],
  dilationY: dilation[0],
  dilationX: dilation[1],
});

/** Multiply-adds of a layer's convolutions for one image and wave. */
export function layerMacs(layer: SpikingNeurons | SpikingReadout): number {
  const area = layer.shape.height * layer.shape.width;
  return layer.terms.reduce((sum, { operator }) => sum + (operator.type === 'identity' ? 0 : operator.weights.length * area), 0);
}

/** One dispatch, or one for every share of the output channels whose weights fit a uniform binding. */
function accumulate(layer: SpikingNeurons, l: number, common: Common, tables: Tables<Int32Array>): Dispatch[] {
  const { lanes, tilesX } = common.parameters as { lanes: number; tilesX: number };
  const tiles = tilesOf(layer.shape.channels);
  return tables.addWeights(common.data, tiles, common.tileWords, true).map(
    (share): Dispatch => ({
      kernel: 'accumulate',
      layer: l,
      name: layer.name,
      parameters: { ...common.parameters, firstTile: share.first },
      invocations: lanes * tilesX * layer.shape.height,
      tiles: share.tiles,
      maximum: false,
      weights: share,
      macs: (common.macs * share.tiles) / tiles,
    }),
  );
}

function readout(layer: SpikingReadout, l: number, common: Common, { batch }: PlanOptions, tables: Tables<Int32Array>): Dispatch {
  const tiles = tilesOf(layer.shape.channels);
  const [weights] = tables.addWeights(common.data, tiles, common.tileWords, false);
  const { parameters, macs } = common;
  return {
    kernel: 'readout',
    layer: l,
    name: layer.name,
    parameters,
    invocations: batch,
    tiles: tilesOf(layer.shape.channels),
    maximum: false,
    weights,
    macs,
  };
}

function pool(network: SpikingNetwork, regions: Regions, layer: SpikingPool, l: number, { batch, waves }: PlanOptions): Dispatch {
  const { channels, height, width } = layer.shape;
  const source = regions.regions[layer.source + 1] as Region;
  const sourceSize = sourceShape(network, layer.source);
  const region = regions.regions[l + 1] as Region;
  const parameters = {
    channels,
    height,
    width,
    batch,
    source: source.first,
    sourceWaveStride: source.waveStride,
    sourceHeight: sourceSize.height,
    sourceWidth: sourceSize.width,
    destination: region.first,
    waveStride: region.waveStride,
    planes: region.planes,
    ...windowParameters(layer.window),
    waves,
    phases: region.phases,
    phaseBits: network.phaseBits,
  };
  const invocations = region.blocks * height * width * batch;
  return {
    kernel: 'pool',
    layer: l,
    name: layer.name,
    parameters,
    invocations,
    tiles: 1,
    maximum: layer.mode === 'max',
    weights: null,
    macs: 0,
  };
}
