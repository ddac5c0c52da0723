import { type Ann, type AnnNeurons, type AnnReadout, sourceShape, stepOf } from '../ann/ann.ts';
import type { FixedLayer, Rounding } from '../ann/fixed.ts';
import { layerMacs } from '../network/work.ts';
import {
  blocksOfTile,
  checkTerms,
  firstBlock,
  sourceParameters,
  TILE,
  tileGeometry,
  tilesOf,
  windowParameters,
} from './geometry.ts';
import { type Dispatch, floatBits, type Share } from './kernel.ts';
import { KIND } from './ways.ts';
import { layChannels } from './weights.ts';

type Layer = AnnNeurons | AnnReadout;

/** Pixels (or images) that one invocation computes. */
const PIXELS = 4;
/** `MAX_TERMS` of the shader. */
const MAX_TERMS = 128;

/**
 * One layer: weighted terms, bias, ReLU; a dispatch for every share of its weights (`shaders/ann-convolve.wgsl`).
 * @param exact in integers (`ann/fixed`)
 * @param cells first cell of each layer, the input's first
 */
export function annConvolve(
  ann: Ann,
  layer: Layer,
  l: number,
  batch: number,
  cells: readonly number[],
  shares: readonly Share[],
  table: Share,
  exact: boolean,
): Dispatch[] {
  const { shape, terms, name } = layer;
  const { offsets, blocks, tileWords } = layCellWeights(ann, layer);
  const { rows } = layChannels(layer);
  const term = terms.map(({ source, operator }, t) => ({
    source: cells[source + 1],
    ...sourceParameters(sourceShape(ann, source), shape.channels, operator.type === 'identity' ? 1 : operator.groups),
    ...(operator.type === 'identity'
      ? { kind: KIND.identity, weights: rows[t] }
      : { kind: KIND.convolution, weights: offsets[t] / 4, blocks: blocks[t], ...windowParameters(operator.window) }),
  }));
  checkTerms(name, term.length, MAX_TERMS);
  const step = layer.kind === 'neurons' && !exact ? stepOf(layer) : 0;
  const parameters = {
    ...shape,
    batch,
    ...tileGeometry(shape.width, batch, PIXELS),
    tileWeights: tileWords / 4,
    destination: cells[l + 1],
    channelBase: 0,
    rectify: layer.kind === 'neurons' ? 1 : 0,
    step: floatBits(step),
    terms: term.length,
    term,
  };
  return shares.map(
    (share): Dispatch => ({
      kernel: 'ann-convolve',
      layer: l,
      name,
      variant: { uniformWeights: share.uniform, broadcast: share.uniform, exact, rounded: step > 0 },
      parameters: { ...parameters, firstTile: share.first },
      ranges: { weights: share.range, channels: table.range },
      invocations: parameters.lanes * parameters.tilesX * shape.height,
      tiles: share.tiles,
      macs: (layerMacs(layer) * batch * share.tiles) / tilesOf(shape.channels),
    }),
  );
}

/** Bytes of an entry of a layer's table of channels. */
export const channelBytes = (exact: boolean): number => (exact ? 16 : 8);

/** [entry][2]: bias and ceiling of each channel, then for each term, of an identity, its weights. */
export function packCellChannels(layer: Layer): Float32Array<ArrayBuffer> {
  const { rows, entries } = layChannels(layer);
  const table = new Float32Array(entries * 2);
  const ceiling = layer.kind === 'neurons' ? Math.min(layer.ceiling, 3.4e38) : 0;
  layer.bias.forEach((b, o) => {
    table.set([b, ceiling], o * 2);
  });
  layer.terms.forEach(({ operator }, t) => {
    if (operator.type !== 'identity') return;
    operator.weights.forEach((w, o) => {
      table[(rows[t] + o) * 2] = w;
    });
  });
  return table;
}

/** How weights lie: [tile of 8 channels][term][block][ky][kx][channel of the block][8 channels], in f32 or i32; as `layWeights`. */
export function layCellWeights(ann: Ann, { shape, terms }: Layer): { offsets: number[]; blocks: number[]; tileWords: number } {
  const offsets: number[] = [];
  let tileWords = 0;
  const blocks = terms.map(({ source, operator }) => {
    offsets.push(tileWords);
    if (operator.type === 'identity') return 0;
    const count = blocksOfTile(shape.channels, sourceShape(ann, source).channels, operator.groups);
    tileWords += count * operator.window.kernel[0] * operator.window.kernel[1] * 4 * TILE;
    return count;
  });
  return { offsets, blocks, tileWords };
}

/**
 * The same for exact sums, [entry][4]: a bias with the half that rounding adds, above 16 bits and these, shift and largest integer; then
 * identities' weights.
 */
export function packFixedChannels(
  layer: Layer,
  { weights, bias }: FixedLayer,
  { shift, limit }: Rounding,
): Int32Array<ArrayBuffer> {
  const { rows, entries } = layChannels(layer);
  const table = new Int32Array(entries * 4);
  bias.forEach((b, o) => {
    const rounding = b + Math.floor(2 ** (shift[o] - 1));
    const high = Math.floor(rounding / 2 ** 16);
    table.set([high, rounding - high * 2 ** 16, shift[o], limit[o]], o * 4);
  });
  layer.terms.forEach(({ operator }, t) => {
    if (operator.type !== 'identity') return;
    weights[t].forEach((w, o) => {
      table[(rows[t] + o) * 4] = w;
    });
  });
  return table;
}

/** Packs the convolutions of a layer. */
export const packCellWeights = (ann: Ann, layer: Layer): Float32Array<ArrayBuffer> =>
  packed(
    ann,
    layer,
    layer.terms.map(({ operator }) => operator.weights),
    Float32Array,
  );

/** The same for exact sums. */
export const packFixedWeights = (ann: Ann, layer: Layer, { weights }: FixedLayer): Int32Array<ArrayBuffer> =>
  packed(ann, layer, weights, Int32Array);

function packed<A extends Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(
  ann: Ann,
  layer: Layer,
  weights: readonly ArrayLike<number>[],
  Numbers: new (length: number) => A,
): A {
  const { channels } = layer.shape;
  const { offsets, tileWords } = layCellWeights(ann, layer);
  const data = new Numbers(tilesOf(channels) * tileWords);
  layer.terms.forEach(({ source, operator }, t) => {
    if (operator.type === 'identity') return;
    const area = operator.window.kernel[0] * operator.window.kernel[1];
    const groupInputs = sourceShape(ann, source).channels / operator.groups;
    const groupOutputs = channels / operator.groups;
    for (let o = 0; o < channels; o++) {
      const tile = Math.floor(o / TILE);
      const shift = Math.floor(o / groupOutputs) * groupInputs - firstBlock(tile, groupOutputs, groupInputs) * 4;
      for (let i = 0; i < groupInputs; i++) {
        const c = i + shift;
        const base = tile * tileWords + offsets[t] + ((c >> 2) * area * 4 + (c & 3)) * TILE + (o % TILE);
        for (let k = 0; k < area; k++) data[base + k * 4 * TILE] = weights[t][(o * groupInputs + i) * area + k];
      }
    }
  });
  return data;
}
