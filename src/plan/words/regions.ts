import { lastReaders, sourcesOf } from '../../ann/ann.ts';
import { blocksOf, inputPadding } from '../../kernels/geometry.ts';
import { phasesAt, type SpikingNetwork } from '../../network/network.ts';
import { place } from '../arena.ts';

/**
 * Where the words of one layer (or of the input) lie in the arena, all counts in u32 words:
 * [wave · phases + phase][plane][block of 4 channels][y][x][image], four channels to a u32.
 */
export interface Region {
  readonly first: number;
  /** From one wave (or phase) to the next; 0 for the input. */
  readonly waveStride: number;
  /** K where the sums of the words' prefixes are kept one by one (for the readout), else 1. */
  readonly phases: number;
  /** Bytes of one value: 1, but for sums; each byte is a plane, least significant first. */
  readonly planes: number;
  readonly planeStride: number;
  readonly blocks: number;
  /** The word that stands for padding in block 0, and how far apart those of the blocks are. */
  readonly pad: number;
  readonly padStride: number;
}

/** Bytes that values of up to `max` take, at least one. */
export const planesOf = (max: number): number => Math.max(1, Math.ceil(Math.log2(max + 1) / 8));

/** The regions of a network: index 0 is the input, index l + 1 layer l (null for the readout). */
export interface Regions {
  readonly regions: readonly (Region | null)[];
  /** Words of the arena. */
  readonly words: number;
}

/**
 * Lays out the words of all layers for a batch. A region is reused as soon as its last reader is done, unless `keep`.
 * @param batch images in the layout
 */
export function layRegions(network: SpikingNetwork, batch: number, waves: number, keep: boolean): Regions {
  const { layers } = network;
  const end = layers.length;
  const lastUse = lastReaders(layers).map((l) => (keep ? end : l));
  const readsPrefixes = new Set(sourcesOf(layers[end - 1]));
  const sketches = [network.input, ...layers].map((layer, i) => {
    const { channels, height, width } = layer.shape;
    const isReadout = i === end;
    const sum = i > 0 && 'mode' in layer && layer.mode === 'sum';
    const planes = planesOf(layer.units.most);
    const phases = sum && readsPrefixes.has(i - 1) ? phasesAt(network, i - 1) : 1;
    const planeStride = blocksOf(channels) * height * width * batch;
    const waveStride = i === 0 ? 0 : planeStride * planes;
    const size = isReadout ? 0 : i === 0 ? planeStride : waveStride * waves * phases;
    const { pad, padStride } = i === 0 ? inputPadding(network.input.shape) : { pad: 0, padStride: 0 };
    return { planes, phases, planeStride, waveStride, blocks: blocksOf(channels), pad, padStride, size };
  });
  const { words: constants } = inputPadding(network.input.shape);
  const placement = place(sketches.map(({ size }, i) => ({ size, from: i - 1, to: Math.max(i - 1, lastUse[i]) })));
  const regions = sketches.map(({ size, ...region }, i) =>
    i === end && size === 0 ? null : { ...region, first: constants + placement.offsets[i] },
  );
  return { regions, words: constants + placement.size };
}

/** The first words of the arena: what stands for padding; for the input that is the zero point. */
export function paddingWords({ input }: SpikingNetwork): Uint32Array<ArrayBuffer> {
  const { pad, padStride, words: count } = inputPadding(input.shape);
  const words = new Uint32Array(count);
  for (let c = 0; c < input.shape.channels; c++) {
    const first = pad + padStride * (c >> 2);
    for (let i = first; i < first + padStride; i++) words[i] |= input.units.zero[c] << (8 * (c & 3));
  }
  return words;
}
