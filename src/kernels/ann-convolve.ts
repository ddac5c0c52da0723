import { type Ann, type AnnNeurons, type AnnReadout, sourceShape, stepOf } from '../ann/ann.ts';
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
  const step = layer.kind === 'neurons' ? stepOf(layer) : 0;
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
      variant: { uniformWeights: share.uniform, broadcast: share.uniform, rounded: step > 0 },
      parameters: { ...parameters, firstTile: share.first },
      ranges: { weights: share.range, channels: table.range },
      invocations: parameters.lanes * parameters.tilesX * shape.height,
      tiles: share.tiles,
      macs: (layerMacs(layer) * batch * share.tiles) / tilesOf(shape.channels),
    }),
  );
}

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

/** How weights lie: [tile of 8 channels][term][block][ky][kx][channel of the block][8 channels], in f32; as `layWeights`. */
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

/** Packs the convolutions of a layer. */
export function packCellWeights(ann: Ann, layer: Layer): Float32Array<ArrayBuffer> {
  const { channels } = layer.shape;
  const { offsets, tileWords } = layCellWeights(ann, layer);
  const data = new Float32Array(tilesOf(channels) * tileWords);
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
        for (let k = 0; k < area; k++) data[base + k * 4 * TILE] = operator.weights[(o * groupInputs + i) * area + k];
      }
    }
  });
  return data;
}
