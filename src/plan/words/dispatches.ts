import { sourceShape } from '../../ann/ann.ts';
import { DeviceError } from '../../errors.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout } from '../../network/network.ts';
import type { Choice } from '../choices.ts';
import { transposed } from '../halves.ts';
import type { TableSlice, Tables, WeightShare } from '../tables.ts';
import { packChannels, packWeights, runsAlongRows, tileGeometry, tilesOf } from '../weights.ts';
import type { PlanOptions } from './options.ts';
import { paddingOf, type Region, type Regions } from './regions.ts';
import { KIND, kindsOf, type Ways, waysOf } from './ways.ts';

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
  /** accumulate: how it is computed and what its terms need of the shader; null for other kernels. */
  readonly choice: Choice | null;
  readonly ways: Ways | null;
  /** accumulate, readout: where the layer's channel table lies. */
  readonly table: TableSlice | null;
  /** Where the weights of these tiles lie, in bytes; null for none. */
  readonly weights: WeightShare | null;
  /** Multiply-adds of the network (not of padding) for one batch, all waves. */
  readonly macs: number;
}

/** Terms that one layer may join (`shaders/lib/layer.wgsl`). */
const MAX_TERMS = 32;
/** Columns (pixels or images) that one invocation of `accumulate` computes. */
const COLUMNS = 8;
/** The same where it has 16 channels instead of 8. */
const DEEP_COLUMNS = 4;
/** Tiles of 8 channels that a workgroup of the tiled forms computes. */
const SHARED_TILES = 8;

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

export function encode(network: SpikingNetwork, regions: Regions, batch: number): Dispatch {
  const { channels, height, width } = network.input.shape;
  const region = regions.regions[0] as Region;
  const parameters = { channels, area: height * width, batch, destination: region.first };
  const invocations = region.blocks * height * width * batch;
  return {
    kernel: 'encode',
    layer: -1,
    name: 'input',
    parameters,
    invocations,
    tiles: 1,
    maximum: false,
    choice: null,
    ways: null,
    table: null,
    weights: null,
    macs: 0,
  };
}

/** What accumulate and readout share. */
interface Common {
  readonly parameters: Parameters;
  readonly data: Uint32Array;
  readonly tileWords: number;
  readonly table: TableSlice;
  readonly macs: number;
}

/** Terms, weights and channel table of a layer. */
function weighted(
  network: SpikingNetwork,
  regions: Regions,
  layer: SpikingNeurons | SpikingReadout,
  l: number,
  options: PlanOptions,
  tables: Tables<Int32Array>,
  choice: Choice | null,
  membranes: number,
): Common {
  const { batch, waves } = options;
  const { channels, height, width } = layer.shape;
  const packed = packWeights(network, layer);
  const regionOf = (source: number) => regions.regions[source + 1] as Region;
  const table = packChannels(network, layer);
  const slice = tables.addChannels(table.data, choice?.weights === 'uniform');
  const kinds = layer.kind === 'neurons' ? kindsOf(layer, choice?.form === 'registers' && runsAlongRows(width)) : [];
  const geometry = tileGeometry(width, batch, kinds.includes('strided') ? DEEP_COLUMNS : COLUMNS);
  const terms = layer.terms.flatMap((term, t) => {
    const region = regionOf(term.source);
    const source = sourceShape(network, term.source);
    // neurons read whole words; only the readout looks at their prefixes
    const whole = layer.kind === 'readout' ? 0 : region.phases - 1;
    const phases = layer.kind === 'readout' ? region.phases : 1;
    const operator =
      term.operator.type === 'identity'
        ? { kind: KIND.identity, weights: table.identities[t] }
        : {
            kind: KIND[kinds[t] ?? 'convolution'],
            weights: packed.termOffsets[t] / 4,
            ...windowParameters(term.operator.window),
          };
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
    ...geometry,
    tileWeights: packed.tileWords / 4,
    destination: region?.first ?? 0,
    waveStride: region?.waveStride ?? 0,
    waves,
    phaseBits: network.phaseBits,
    maxWord: 2 ** network.phaseBits - 1,
    channelBase: 0,
    counter: l,
    membranes,
    terms: terms.length,
    term: terms,
  };
  const data = choice?.arithmetic === 'halves' ? transposed(packed.data) : packed.data;
  return { parameters, data, tileWords: packed.tileWords, table: slice, macs: layerMacs(layer) * batch * waves };
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

/** One dispatch, or one for every share of the output channels whose weights fit a binding. */
export function accumulate(
  network: SpikingNetwork,
  regions: Regions,
  layer: SpikingNeurons,
  l: number,
  options: PlanOptions,
  tables: Tables<Int32Array>,
  choice: Choice,
  membranes: number,
): Dispatch[] {
  const common = weighted(network, regions, layer, l, options, tables, choice, membranes);
  const { lanes, tilesX } = common.parameters as { lanes: number; tilesX: number };
  const { height, width, channels } = layer.shape;
  const tiles = tilesOf(channels);
  const inRegisters = choice.form === 'registers';
  const ways = waysOf(network, layer, inRegisters && runsAlongRows(layer.shape.width));
  return tables.addWeights(common.data, tiles, common.tileWords, true, choice.weights === 'uniform').map(
    (share): Dispatch => ({
      kernel: 'accumulate',
      layer: l,
      name: layer.name,
      parameters: { ...common.parameters, firstTile: share.first, tiles: share.tiles },
      invocations: inRegisters ? lanes * tilesX * height : height * width * options.batch,
      tiles: Math.ceil(share.tiles / (inRegisters ? (ways.deep ? 2 : 1) : SHARED_TILES)),
      maximum: false,
      choice,
      ways,
      table: common.table,
      weights: share,
      macs: (common.macs * share.tiles) / tiles,
    }),
  );
}

export function readout(
  network: SpikingNetwork,
  regions: Regions,
  layer: SpikingReadout,
  l: number,
  options: PlanOptions,
  tables: Tables<Int32Array>,
): Dispatch {
  const common = weighted(network, regions, layer, l, options, tables, null, 0);
  const tiles = tilesOf(layer.shape.channels);
  const [weights] = tables.addWeights(common.data, tiles, common.tileWords, false);
  const { parameters, macs, table } = common;
  return {
    kernel: 'readout',
    layer: l,
    name: layer.name,
    parameters,
    invocations: options.batch,
    tiles: tilesOf(layer.shape.channels),
    maximum: false,
    choice: null,
    ways: null,
    table,
    weights,
    macs,
  };
}

export function pool(
  network: SpikingNetwork,
  regions: Regions,
  layer: SpikingPool,
  l: number,
  { batch, waves }: PlanOptions,
): Dispatch {
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
    choice: null,
    ways: null,
    table: null,
    weights: null,
    macs: 0,
  };
}
