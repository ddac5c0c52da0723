import { INPUT, sourceShape } from '../ann/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingReadout, SpikingTerm } from '../network/network.ts';
import { blocksOfTile, firstBlock, TILE, tilesOf } from './geometry.ts';

/** A layer that has weights. */
export type WeightedLayer = SpikingNeurons | SpikingReadout;

/**
 * How the weights of one layer lie, as the kernels read them: [tile of 8 channels][term][block][ky][kx][8 channels], one u32 = 4
 * channels of the block, plus 128 each.
 */
export interface WeightLayout {
  /** First u32 of each term within a tile; −1 for identities. */
  readonly termOffsets: readonly number[];
  /** Blocks of the source that a tile reads, for each term. */
  readonly termBlocks: readonly number[];
  /** u32s of one tile; a multiple of 4. */
  readonly tileWords: number;
}

/** Where everything lies, before anything is packed. */
export function layWeights(network: SpikingNetwork, layer: WeightedLayer): WeightLayout {
  const termOffsets: number[] = [];
  const termBlocks: number[] = [];
  let tileWords = 0;
  for (const { operator, source } of layer.terms) {
    if (operator.type === 'identity') {
      termOffsets.push(-1);
      termBlocks.push(0);
      continue;
    }
    const blocks = blocksOfTile(layer.shape.channels, sourceShape(network, source).channels, operator.groups);
    termOffsets.push(tileWords);
    termBlocks.push(blocks);
    tileWords += blocks * operator.window.kernel[0] * operator.window.kernel[1] * TILE;
  }
  return { termOffsets, termBlocks, tileWords };
}

/** Packs the convolutions of a layer, as weight + 128 in u8. Padding channels have weight 0. */
export function packWeights(network: SpikingNetwork, layer: WeightedLayer): Uint32Array<ArrayBuffer> {
  const { termOffsets, tileWords } = layWeights(network, layer);
  const data = new Uint32Array(tilesOf(layer.shape.channels) * tileWords).fill(0x80808080);
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
  return data;
}

/** The first entry of each term's channels in the table of a layer's channels, and how many entries there are. */
export function layChannels({
  shape,
  terms,
}: {
  readonly shape: { readonly channels: number };
  readonly terms: readonly unknown[];
}): {
  readonly rows: readonly number[];
  readonly entries: number;
} {
  const stride = tilesOf(shape.channels) * TILE;
  return { rows: terms.map((_, t) => (t + 1) * stride), entries: (terms.length + 1) * stride };
}

/**
 * The table of a layer's channels, [entry][4]: bias, g, V(0), 0; then for each term how far its sums are shifted and, of an identity,
 * its weights. The bias absorbs the input's zero point, since pixels are stored as they are.
 * @param initialMembrane V(0) of a channel, from its g
 */
export function packChannels(
  network: SpikingNetwork,
  layer: WeightedLayer,
  initialMembrane: (g: number) => number,
): Int32Array<ArrayBuffer> {
  const { rows, entries } = layChannels(layer);
  const data = new Int32Array(entries * 4);
  layer.terms.forEach(({ operator, shifts }, t) => {
    shifts.forEach((s, o) => {
      data.set([s, operator.type === 'identity' ? operator.weights[o] : 0], (rows[t] + o) * 4);
    });
  });
  for (let o = 0; o < layer.shape.channels; o++) {
    let bias = layer.bias[o];
    for (const term of layer.terms) if (term.source === INPUT) bias -= zeroPointSum(network, layer, term, o) * 2 ** term.shifts[o];
    const readout = layer.kind === 'readout';
    data.set([bias, readout ? 0 : layer.gridBits[o], readout ? 0 : initialMembrane(layer.gridBits[o])], o * 4);
  }
  return data;
}

/** Σ w · zeroPoint over a channel's whole kernel: padding is stored as the zero point, so it is the same everywhere. */
function zeroPointSum(network: SpikingNetwork, layer: WeightedLayer, { operator }: SpikingTerm, o: number): number {
  const { shape, units } = network.input;
  if (operator.type === 'identity') return operator.weights[o] * units.zero[o];
  const groupInputs = shape.channels / operator.groups;
  const first = Math.floor(o / (layer.shape.channels / operator.groups)) * groupInputs;
  const area = operator.window.kernel[0] * operator.window.kernel[1];
  let sum = 0;
  for (let i = 0; i < groupInputs; i++) {
    for (let k = 0; k < area; k++) sum += operator.weights[(o * groupInputs + i) * area + k] * units.zero[first + i];
  }
  return sum;
}
