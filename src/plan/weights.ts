import { INPUT, sourceShape } from '../ann/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingReadout, SpikingTerm } from '../network/network.ts';
import { initialMembrane } from '../neuron/bistable.ts';

/** Output channels that one invocation computes. */
export const TILE = 8;

/** The weights of one layer as the kernels read them: [tile of 8 channels][term][block][ky][kx][8 channels], one u32 = 4 channels, plus 128. */
export interface PackedWeights {
  /** First u32 of each term within a tile; −1 for identities. */
  readonly termOffsets: readonly number[];
  /** Blocks of the source that a tile reads, for each term. */
  readonly termBlocks: readonly number[];
  /** u32s of one tile; a multiple of 4. */
  readonly tileWords: number;
  readonly data: Uint32Array<ArrayBuffer>;
}

/** Number of tiles of 8 output channels. */
export const tilesOf = (channels: number): number => Math.ceil(channels / TILE);

/** Whether tiles of columns are pixels of a row; on narrower maps they are images. */
export const runsAlongRows = (width: number): boolean => width > 2;

/**
 * How tiles of pixels lie on a map: along its rows, or along the images where rows are short. Named as the kernels' parameters.
 * @param pixels pixels (or images) of a tile
 */
export function tileGeometry(
  width: number,
  batch: number,
  pixels: number,
): { readonly lanes: number; readonly stepX: number; readonly stepN: number; readonly tilesX: number } {
  if (runsAlongRows(width)) return { lanes: batch, stepX: 1, stepN: 0, tilesX: Math.ceil(width / pixels) };
  const lanes = Math.ceil(batch / pixels);
  return { lanes, stepX: 0, stepN: lanes, tilesX: width };
}

/** The first block of 4 source channels that a tile of a (grouped) convolution reads. */
export function firstBlock(tile: number, groupOutputs: number, groupInputs: number): number {
  return Math.floor((Math.floor((tile * TILE) / groupOutputs) * groupInputs) / 4);
}

/** Packs the convolutions of a layer, as weight + 128 in u8. Padding channels have weight 0. */
export function packWeights(network: SpikingNetwork, layer: SpikingNeurons | SpikingReadout): PackedWeights {
  const tiles = tilesOf(layer.shape.channels);
  const termOffsets: number[] = [];
  const termBlocks: number[] = [];
  let tileWords = 0;
  for (const term of layer.terms) {
    if (term.operator.type === 'identity') {
      termOffsets.push(-1);
      termBlocks.push(0);
      continue;
    }
    const blocks = blocksOfTile(layer.shape.channels, sourceShape(network, term.source).channels, term.operator.groups);
    termOffsets.push(tileWords);
    termBlocks.push(blocks);
    tileWords += blocks * term.operator.window.kernel[0] * term.operator.window.kernel[1] * TILE;
  }
  const data = new Uint32Array(tiles * tileWords).fill(0x80808080);
  const bytes = new Uint8Array(data.buffer);
  layer.terms.forEach((term, t) => {
    const { operator } = term;
    if (operator.type === 'identity') return;
    const [height, width] = operator.window.kernel;
    const groupInputs = sourceShape(network, term.source).channels / operator.groups;
    const groupOutputs = layer.shape.channels / operator.groups;
    for (let o = 0; o < layer.shape.channels; o++) {
      const tile = Math.floor(o / TILE);
      const group = Math.floor(o / groupOutputs);
      const first = firstBlock(tile, groupOutputs, groupInputs) * 4;
      for (let i = 0; i < groupInputs; i++) {
        const c = group * groupInputs + i - first;
        for (let k = 0; k < height * width; k++) {
          const word = tile * tileWords + termOffsets[t] + ((c >> 2) * height * width + k) * TILE + (o % TILE);
          bytes[word * 4 + (c & 3)] = operator.weights[(o * groupInputs + i) * height * width + k] + 128;
        }
      }
    }
  });
  return { termOffsets, termBlocks, tileWords, data };
}

/** Blocks of 4 source channels that one tile of a (grouped) convolution reads, at most. */
export function blocksOfTile(outputs: number, inputs: number, groups: number): number {
  const groupInputs = inputs / groups;
  const groupOutputs = outputs / groups;
  let blocks = 1;
  for (let tile = 0; tile < tilesOf(outputs); tile++) {
    const lastOutput = Math.min(outputs, (tile + 1) * TILE) - 1;
    const lastInput = (Math.floor(lastOutput / groupOutputs) + 1) * groupInputs - 1;
    blocks = Math.max(blocks, Math.floor(lastInput / 4) + 1 - firstBlock(tile, groupOutputs, groupInputs));
  }
  return blocks;
}

/**
 * The table of a layer's channels, [entry][4]: bias, g, V(0), 0; then for each identity its weights in the first column.
 * The bias absorbs the input's zero point, since pixels are stored as they are.
 */
export function packChannels(
  network: SpikingNetwork,
  layer: SpikingNeurons | SpikingReadout,
): { readonly data: Int32Array<ArrayBuffer>; readonly identities: readonly number[] } {
  const stride = tilesOf(layer.shape.channels) * TILE;
  const identityTerms = layer.terms.filter((term) => term.operator.type === 'identity').length;
  const data = new Int32Array((1 + identityTerms) * stride * 4);
  let next = stride;
  const identities = layer.terms.map((term) => {
    if (term.operator.type !== 'identity') return -1;
    const entry = next;
    next += stride;
    term.operator.weights.forEach((w, o) => {
      data[(entry + o) * 4] = w;
    });
    return entry;
  });
  for (let o = 0; o < layer.shape.channels; o++) {
    let bias = layer.bias[o];
    for (const term of layer.terms) if (term.source === INPUT) bias -= zeroPointSum(network, layer, term, o);
    const readout = layer.kind === 'readout';
    data.set([bias, readout ? 0 : layer.gridBits[o], readout ? 0 : initialMembrane(layer.gridBits[o], network.initial)], o * 4);
  }
  return { data, identities };
}

/** Σ w · zeroPoint over a channel's whole kernel: padding is stored as the zero point, so it is the same everywhere. */
function zeroPointSum(
  network: SpikingNetwork,
  layer: SpikingNeurons | SpikingReadout,
  { operator }: SpikingTerm,
  o: number,
): number {
  const { shape, zeroPoint } = network.input;
  if (operator.type === 'identity') return operator.weights[o] * zeroPoint[o];
  const groupInputs = shape.channels / operator.groups;
  const first = Math.floor(o / (layer.shape.channels / operator.groups)) * groupInputs;
  const area = operator.window.kernel[0] * operator.window.kernel[1];
  let sum = 0;
  for (let i = 0; i < groupInputs; i++) {
    for (let k = 0; k < area; k++) sum += operator.weights[(o * groupInputs + i) * area + k] * zeroPoint[first + i];
  }
  return sum;
}
