import {
  type Ann,
  type AnnNeurons,
  type AnnPool,
  type AnnReadout,
  INPUT,
  lastReaders,
  type Shape,
  shapeSize,
  sourceShape,
} from '../../ann/ann.ts';
import { BINS } from '../../ann/statistics.ts';
import { DeviceError } from '../../errors.ts';
import { place } from '../arena.ts';
import { DEFAULT_MEMORY, largestBinding, type PlanLimits, withinLimits } from '../limits.ts';
import { Tables, UNIFORM_BYTES, type WeightShare } from '../tables.ts';
import { blocksOfTile, firstBlock, TILE, tileGeometry, tilesOf } from '../weights.ts';
import { checkTerms, type Parameters, windowParameters } from '../words/dispatches.ts';
import { blocksOf } from '../words/regions.ts';
import { KIND } from '../words/ways.ts';

/** Pixels (or images) that one invocation of `ann-convolve` computes. */
const PIXELS = 4;

/** One dispatch of the trained network. */
export interface AnnDispatch {
  readonly kernel: 'ann-encode' | 'ann-convolve' | 'ann-pool' | 'histogram';
  readonly layer: number;
  readonly parameters: Parameters;
  readonly invocations: number;
  readonly tiles: number;
  readonly maximum: boolean;
  readonly weights: WeightShare | null;
}

/** What the trained network needs on the GPU for one batch; activations are cells of four channels in f32. */
export interface AnnPlan {
  readonly batch: number;
  readonly dispatches: readonly AnnDispatch[];
  /** First cell of each layer, [block of 4 channels][y][x][image]. */
  readonly layers: readonly number[];
  /** First cell of the readout's logits, [block of 4 classes][image]. */
  readonly logits: number;
  /** Layers that are counted in histograms, in order. */
  readonly counted: readonly number[];
  /** Bytes of each buffer; `logits` are those that one batch is read back through. */
  readonly bytes: { readonly [buffer in 'cells' | 'pixels' | 'bins' | 'weights' | 'channels' | 'logits']: number };
  readonly data: { readonly weights: Uint32Array<ArrayBuffer>; readonly channels: Float32Array };
}

/**
 * Plans the trained network for a batch, cut to the limits. Pure.
 * @param options keepCells: keep the activations of all layers until the end of a batch; memory: bytes that all buffers may take
 * @throws DeviceError where not even one image fits
 */
export function makeAnnPlan(
  ann: Ann,
  limits: PlanLimits,
  batch: number,
  { keepCells = false, memory = DEFAULT_MEMORY }: { readonly keepCells?: boolean; readonly memory?: number } = {},
): AnnPlan {
  for (let size = batch; size >= 1; size = Math.floor(size / 2)) {
    const plan = planBatch(ann, limits, size, keepCells);
    const { weights, ...whole } = plan.bytes;
    const demand = { whole: Object.values(whole), weights, shares: plan.dispatches.map((dispatch) => dispatch.weights) };
    if (withinLimits(demand, limits, memory)) return plan;
  }
  throw new DeviceError(
    'too-large',
    `network "${ann.name}"`,
    'does not fit the device with one image at a time',
    'use smaller images',
  );
}

/** First cell of each layer (index + 1; the input first). Cell 0 is padding. */
function layCells(ann: Ann, batch: number, keep: boolean): { cells: number[]; size: number } {
  const shapes: Shape[] = [ann.input, ...ann.layers.map((layer) => layer.shape)];
  const last = lastReaders(ann.layers).map((l) => (keep ? ann.layers.length : l));
  const placement = place(
    shapes.map((shape, i) => ({
      size: blocksOf(shape.channels) * shape.height * shape.width * batch,
      from: i - 1,
      to: Math.max(i - 1, last[i]),
    })),
  );
  return { cells: placement.offsets.map((offset) => offset + 1), size: placement.size + 1 };
}

function planBatch(ann: Ann, limits: PlanLimits, batch: number, keepCells: boolean): AnnPlan {
  const { cells, size } = layCells(ann, batch, keepCells);
  const uniformBytes = Math.min(limits.maxUniformBufferBindingSize, UNIFORM_BYTES);
  const tables = new Tables(Float32Array, uniformBytes, largestBinding(limits));
  const counted: number[] = [];
  const input = { channels: ann.input.channels, area: ann.input.height * ann.input.width, batch, destination: cells[0] };
  const dispatches: AnnDispatch[] = [
    {
      kernel: 'ann-encode',
      layer: INPUT,
      parameters: input,
      invocations: cellCount(ann.input) * batch,
      tiles: 1,
      maximum: false,
      weights: null,
    },
  ];
  ann.layers.forEach((layer, l) => {
    const invocations = cellCount(layer.shape) * batch;
    if (layer.kind === 'pool') {
      const parameters = poolParameters(ann, layer, batch, cells[layer.source + 1], cells[l + 1]);
      dispatches.push({
        kernel: 'ann-pool',
        layer: l,
        parameters,
        invocations,
        tiles: 1,
        maximum: layer.mode === 'max',
        weights: null,
      });
      return;
    }
    dispatches.push(...convolve(ann, layer, l, batch, cells, tables));
    if (layer.kind !== 'neurons') return;
    const { channels, height, width } = layer.shape;
    const parameters = { channels, area: height * width, batch, source: cells[l + 1], first: counted.length * BINS };
    dispatches.push({ kernel: 'histogram', layer: l, parameters, invocations, tiles: 1, maximum: false, weights: null });
    counted.push(l);
  });
  const data = tables.join();
  const bytes = {
    cells: size * 16,
    pixels: shapeSize(ann.input) * batch + 4,
    bins: Math.max(1, counted.length) * BINS * 4,
    weights: data.weights.byteLength,
    channels: data.channels.byteLength,
    logits: blocksOf(ann.layers[ann.layers.length - 1].shape.channels) * batch * 16,
  };
  return { batch, dispatches, layers: cells.slice(1), logits: cells[ann.layers.length], counted, bytes, data };
}

const cellCount = (shape: Shape): number => blocksOf(shape.channels) * shape.height * shape.width;

function poolParameters(ann: Ann, layer: AnnPool, batch: number, source: number, destination: number): Parameters {
  const from = sourceShape(ann, layer.source);
  return {
    ...layer.shape,
    batch,
    source,
    sourceHeight: from.height,
    sourceWidth: from.width,
    destination,
    ...windowParameters(layer.window),
    countPadding: layer.countIncludePad ? 1 : 0,
  };
}

/** The dispatches of one layer: one for every share of its weights. */
function convolve(
  ann: Ann,
  layer: AnnNeurons | AnnReadout,
  l: number,
  batch: number,
  cells: readonly number[],
  tables: Tables<Float32Array>,
): AnnDispatch[] {
  const { channels, height, width } = layer.shape;
  const tiles = tilesOf(channels);
  const packed = packAnnWeights(ann, layer);
  const entries = tiles * TILE;
  const channelBase = tables.addChannels(channelTable(layer, entries), false).offset / 8;
  const isIdentity = layer.terms.map((t) => t.operator.type === 'identity');
  const term = layer.terms.map((t, i) => {
    const from = sourceShape(ann, t.source);
    const groups = t.operator.type === 'identity' ? 1 : t.operator.groups;
    const operator =
      t.operator.type === 'identity'
        ? { kind: KIND.identity, weights: channelBase + isIdentity.slice(0, i + 1).filter(Boolean).length * entries }
        : {
            kind: KIND.convolution,
            weights: packed.offsets[i] / 4,
            blocks: packed.blocks[i],
            ...windowParameters(t.operator.window),
          };
    const map = { source: cells[t.source + 1], height: from.height, width: from.width };
    return { ...map, ...operator, groupOutputs: channels / groups, groupInputs: from.channels / groups };
  });
  checkTerms(layer.name, term.length);
  const parameters = {
    ...layer.shape,
    batch,
    ...tileGeometry(width, batch, PIXELS),
    tileWeights: packed.tileWords / 4,
    destination: cells[l + 1],
    channelBase,
    rectify: layer.kind === 'neurons' ? 1 : 0,
    terms: term.length,
    term,
  };
  return tables.addWeights(packed.data, tiles, packed.tileWords, true).map((weights) => ({
    kernel: 'ann-convolve',
    layer: l,
    parameters: { ...parameters, firstTile: weights.first },
    invocations: parameters.lanes * parameters.tilesX * height,
    tiles: weights.tiles,
    maximum: false,
    weights,
  }));
}

/** [entry][2]: bias and ceiling of each channel, then for each identity its weights. */
function channelTable(layer: AnnNeurons | AnnReadout, entries: number): Float32Array {
  const identities = layer.terms.flatMap(({ operator }) => (operator.type === 'identity' ? [operator.weights] : []));
  const table = new Float32Array((1 + identities.length) * entries * 2);
  const ceiling = layer.kind === 'neurons' ? Math.min(layer.ceiling, 3.4e38) : 0;
  layer.bias.forEach((b, o) => {
    table.set([b, ceiling], o * 2);
  });
  identities.forEach((weights, i) => {
    weights.forEach((w, o) => {
      table[((i + 1) * entries + o) * 2] = w;
    });
  });
  return table;
}

/** [tile of 8 channels][term][block][ky][kx][channel of the block][8 channels], in f32. */
function packAnnWeights(
  ann: Ann,
  layer: AnnNeurons | AnnReadout,
): { offsets: number[]; blocks: number[]; tileWords: number; data: Float32Array } {
  const { channels } = layer.shape;
  const tiles = tilesOf(channels);
  const offsets: number[] = [];
  const blocks: number[] = [];
  let tileWords = 0;
  for (const { source, operator } of layer.terms) {
    offsets.push(tileWords);
    blocks.push(operator.type === 'identity' ? 0 : blocksOfTile(channels, sourceShape(ann, source).channels, operator.groups));
    if (operator.type === 'convolution')
      tileWords += blocks[blocks.length - 1] * operator.window.kernel[0] * operator.window.kernel[1] * 4 * TILE;
  }
  const data = new Float32Array(tiles * tileWords);
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
  return { offsets, blocks, tileWords, data };
}
