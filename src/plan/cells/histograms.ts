import type { Ann, AnnNeurons } from '../../ann/ann.ts';
import { BINS, CHANNEL_BINS } from '../../ann/statistics.ts';
import { histogram } from '../../kernels/histogram.ts';
import type { Dispatch } from '../../kernels/kernel.ts';
import { type BufferPlan, storage } from '../program.ts';

/** Where the histograms of a trained network lie. */
export interface Histograms {
  /** Layers that are counted, in order: of the exact network all of neurons, else none. */
  readonly counted: readonly number[];
  /** The same where channels are counted too: layers whose channels' histograms are held at one time; else none. */
  readonly channelGroups: readonly (readonly number[])[];
}

/** Bytes of the histograms of channels that are held at one time, unless one layer alone has more. */
const CHANNEL_BYTES = 2 ** 26;

/** Nothing is counted. */
export const NO_HISTOGRAMS: Histograms = { counted: [], channelGroups: [] };

/** Plans histograms of all layers of neurons, and where it is wanted those of their channels. */
export function layHistograms(ann: Ann, countChannels: boolean): Histograms {
  const counted = [...ann.layers.keys()].filter((l) => ann.layers[l].kind === 'neurons');
  return { counted, channelGroups: countChannels ? groupsOf(ann, counted) : [] };
}

/** Layers one after another, in groups that are held together. */
function groupsOf(ann: Ann, counted: readonly number[]): number[][] {
  const groups: number[][] = [];
  for (const l of counted) {
    const group = groups[groups.length - 1];
    if (group && channelBytes(ann, [...group, l]) <= CHANNEL_BYTES) group.push(l);
    else groups.push([l]);
  }
  return groups;
}

/** Channels of some layers together. */
const channelsOf = (ann: Ann, layers: readonly number[]): number =>
  layers.reduce((sum, l) => sum + ann.layers[l].shape.channels, 0);

const channelBytes = (ann: Ann, layers: readonly number[]): number => channelsOf(ann, layers) * CHANNEL_BINS * 4;

/** The first maximum, and the first power, of a layer's channels. */
export const firstMaximum = (ann: Ann, { counted }: Histograms, l: number): number =>
  channelsOf(ann, counted.slice(0, counted.indexOf(l)));

/** The first channel of a layer among those of its group. */
export const firstInGroup = (ann: Ann, group: readonly number[], l: number): number =>
  channelsOf(ann, group.slice(0, group.indexOf(l)));

/** Counts a layer: at once, and channel by channel. @param source first cell of the layer */
export function countLayer(ann: Ann, histograms: Histograms, l: number, batch: number, source: number): Dispatch[] {
  const layer = ann.layers[l] as AnnNeurons;
  const { counted, channelGroups } = histograms;
  const group = channelGroups.find((layers) => layers.includes(l));
  const read = { l, batch, source, maxima: firstMaximum(ann, histograms, l) };
  const whole = histogram(layer, { ...read, first: counted.indexOf(l) }, false);
  return group ? [whole, histogram(layer, { ...read, first: firstInGroup(ann, group, l) }, true)] : [whole];
}

/** The buffers that histograms lie in. */
export const histogramBuffers = (ann: Ann, { counted, channelGroups }: Histograms): { readonly [name: string]: BufferPlan } => ({
  bins: storage(Math.max(1, counted.length) * BINS * 4),
  maxima: storage(Math.max(1, channelsOf(ann, counted)) * 4),
  powers: storage(Math.max(1, channelsOf(ann, counted)) * 4),
  ...(channelGroups.length > 0 && {
    channelBins: storage(Math.max(...channelGroups.map((layers) => channelBytes(ann, layers)))),
  }),
});
