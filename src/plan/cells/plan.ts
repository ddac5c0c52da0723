import { type Ann, type AnnNeurons, type AnnReadout, INPUT, lastReaders, type Shape, shapeSize } from '../../ann/ann.ts';
import { annConvolve, channelBytes, layCellWeights, packCellChannels, packCellWeights } from '../../kernels/ann-convolve.ts';
import { annEncode } from '../../kernels/ann-encode.ts';
import { annPool } from '../../kernels/ann-pool.ts';
import { blocksOf, cellsOf, tilesOf } from '../../kernels/geometry.ts';
import type { Dispatch } from '../../kernels/kernel.ts';
import { layChannels } from '../../kernels/weights.ts';
import { place } from '../arena.ts';
import { type FitOptions, fit, type PlanLimits } from '../fit.ts';
import { type Content, type Packers, type Program, storage, uniform } from '../program.ts';
import { Tables } from '../tables.ts';
import { countLayer, type Histograms, histogramBuffers, layHistograms, NO_HISTOGRAMS } from './histograms.ts';

/** What to plan for. */
export interface CellsOptions extends FitOptions {
  /** Keep the activations of all layers until the end of a batch. */
  readonly keepCells?: boolean;
  /** In integers on a grid (`ann/fixed`), and counted, of each channel too where that is wanted; else in f32. */
  readonly exact?: { readonly countChannels: boolean } | undefined;
}

/** The trained network's program; activations are cells of four channels in f32 or i32. */
export interface CellsProgram extends Program, Histograms {
  /** First cell of each layer, [block of 4 channels][y][x][image]. */
  readonly layers: readonly number[];
  /** What is uploaded layer by layer, as grids become known; nothing in f32. */
  readonly settled: readonly Content[];
}

/** Bytes of a cell. */
const CELL = 16;

/** Plans the trained network for a batch, cut to the limits. Pure. @throws OptionError, DeviceError where not even one image fits */
export const planCells = (ann: Ann, limits: PlanLimits, options: CellsOptions): CellsProgram =>
  fit(ann.name, limits, options, (batch) => [planBatch(ann, limits, batch, options)]);

/** First cell of each layer (index + 1; the input first). Cell 0 is padding. */
function layCells(ann: Ann, batch: number, keep: boolean): { cells: number[]; size: number } {
  const shapes: Shape[] = [ann.input, ...ann.layers.map((layer) => layer.shape)];
  const last = lastReaders(ann.layers).map((l) => (keep ? ann.layers.length : l));
  const placement = place(shapes.map((shape, i) => ({ size: cellsOf(shape) * batch, from: i - 1, to: Math.max(i - 1, last[i]) })));
  return { cells: placement.offsets.map((offset) => offset + 1), size: placement.size + 1 };
}

function planBatch(ann: Ann, limits: PlanLimits, batch: number, options: CellsOptions): CellsProgram {
  const { keepCells = false } = options;
  const exact = options.exact !== undefined;
  const { cells, size } = layCells(ann, batch, keepCells);
  const tables = new Tables(limits);
  const histograms = options.exact ? layHistograms(ann, options.exact.countChannels) : NO_HISTOGRAMS;
  const dispatches: Dispatch[] = [annEncode(ann.input, batch, cells[0], exact)];
  ann.layers.forEach((layer, l) => {
    if (layer.kind === 'pool') {
      dispatches.push(annPool(ann, layer, l, batch, cells, exact));
      return;
    }
    const table = tables.table('channels', 'channels', l, layChannels(layer).entries * channelBytes(exact), false);
    const weights = { layer: l, tiles: tilesOf(layer.shape.channels), tileBytes: layCellWeights(ann, layer).tileWords * 4 };
    const shares = tables.weights('weights', 'weights', weights, true);
    dispatches.push(...annConvolve(ann, layer, l, batch, cells, shares, table, exact));
    if (exact && layer.kind === 'neurons') dispatches.push(...countLayer(ann, histograms, l, batch, cells[l + 1]));
  });
  const classes = ann.layers[ann.layers.length - 1].shape.channels;
  return {
    network: ann.name,
    batch,
    dispatches,
    layers: cells.slice(1),
    ...histograms,
    buffers: {
      cells: storage(size * CELL),
      pixels: storage(shapeSize(ann.input) * batch + 4),
      ...(exact && histogramBuffers(ann, histograms)),
      weights: tables.buffer('weights'),
      channels: tables.buffer('channels'),
      ...(exact ? { fixedPixels: storage(ann.input.channels * 1024) } : { normalization: storage(ann.input.channels * 8) }),
      batch: uniform(16),
    },
    contents: exact ? [] : [{ buffer: 'normalization', offset: 0, pack: 'normalization', layer: INPUT }, ...tables.contents],
    settled: exact ? [{ buffer: 'fixedPixels', offset: 0, pack: 'fixedPixels', layer: INPUT }, ...tables.contents] : [],
    results: [{ buffer: 'cells', offset: cells[ann.layers.length] * CELL, size: blocksOf(classes) * batch * CELL }],
  };
}

/** What makes the program's data of the network. @param mean of pixels / 255, one a channel; so is `std` */
export function cellsPackers(ann: Ann, mean: readonly number[], std: readonly number[]): Packers {
  const layerOf = (l: number) => ann.layers[l] as AnnNeurons | AnnReadout;
  return {
    normalization: () => Float32Array.from({ length: mean.length * 2 }, (_, i) => (i % 2 === 0 ? mean : std)[i >> 1]),
    weights: ({ layer }) => packCellWeights(ann, layerOf(layer)),
    channels: ({ layer }) => packCellChannels(layerOf(layer)),
  };
}
