import { INPUT, shapeSize } from '../../ann/ann.ts';
import { tilesOf } from '../../kernels/geometry.ts';
import type { SpikingNetwork } from '../../network/network.ts';
import { holdSteps } from '../../network/timetable.ts';
import type { NeuronModel } from '../../neuron/model.ts';
import { remembers } from '../../neuron/model.ts';

/** Where a train of spikes lies in the arena, all counts in u32 words: [group of 4 steps][plane][tile of 8 channels][y][x][image]. */
export interface Train {
  readonly first: number;
  readonly groupStride: number;
  readonly planeStride: number;
  readonly planes: number;
}

/** A row of synchronous neurons: what a source sent `hold` steps ago. Terms with the same source and time share it. */
export interface DelayLine {
  readonly source: number;
  readonly hold: number;
  readonly ring: number;
  readonly train: Train;
}

/** What the stepped engine keeps on the device between dispatches. Indices are of u32s; −1 where a layer has none. */
export interface SteppedLayout {
  /** Steps that a chunk may have, rounded up to whole groups: groups = capacity / 4. */
  readonly groups: number;
  /** Spikes of each layer (null for the readout). */
  readonly trains: readonly (Train | null)[];
  readonly lines: readonly DelayLine[];
  /** Bistable states of each layer, [tile][y][x][image]. */
  readonly states: readonly number[];
  /** What a maximum remembers of its inputs. */
  readonly poolMemory: readonly number[];
  /** Words of the spike arena; word 0 is never set: it stands for padding. */
  readonly words: number;
  /** First entry of each layer's neurons in `membranes`, `counts` and `decoded`: [channel][y][x][image]. */
  readonly neurons: readonly number[];
  readonly neuronCount: number;
  /** First entry of each layer's input current, where it reads the pixels. */
  readonly drives: readonly number[];
  readonly driveCount: number;
}

/** Bits that values of up to `max` take. */
export const planesFor = (max: number): number => Math.ceil(Math.log2(max + 1));

/**
 * Lays out everything for a batch. Pure.
 * @param batch images in the layout
 * @param capacity steps of a chunk at most
 * @param synchronous whether terms are held back by synchronous neurons
 */
export function laySteps(
  network: SpikingNetwork,
  model: NeuronModel,
  synchronous: boolean,
  batch: number,
  capacity: number,
): SteppedLayout {
  const groups = Math.ceil(capacity / 4);
  let words = 1;
  const take = (count: number): number => {
    words += count;
    return words - count;
  };
  const most: number[] = [];
  const trains = network.layers.map((layer): Train | null => {
    if (layer.kind === 'readout') return null;
    const places = layer.kind === 'pool' && layer.mode === 'sum' ? layer.window.kernel[0] * layer.window.kernel[1] : 1;
    most.push(layer.kind === 'pool' ? most[layer.source] * places : model.most);
    // a word that may be negative has a plane for its sign
    const planes = planesFor(most[most.length - 1]) + (model.signed ? 1 : 0);
    const planeStride = placesOf(layer.shape) * batch;
    return { first: take(planes * planeStride * groups), groupStride: planes * planeStride, planeStride, planes };
  });
  const lines = delayLines(network, model, synchronous).map(({ source, hold }): DelayLine => {
    const train = trains[source] as Train;
    const size = train.groupStride * groups;
    return { source, hold, ring: take(train.groupStride * Math.ceil(hold / 4)), train: { ...train, first: take(size) } };
  });
  const states = network.layers.map((layer) =>
    layer.kind === 'neurons' && model.windowed ? take(placesOf(layer.shape) * batch) : -1,
  );
  const poolMemory = network.layers.map((layer) => {
    if (layer.kind !== 'pool' || layer.mode === 'sum') return -1;
    const places = layer.window.kernel[0] * layer.window.kernel[1];
    return take(places * placesOf(layer.shape) * batch * (remembers(model) ? 8 : 1));
  });
  let neuronCount = 0;
  let driveCount = 0;
  const neurons: number[] = [];
  const drives: number[] = [];
  for (const layer of network.layers) {
    const size = shapeSize(layer.shape) * batch;
    const weighted = layer.kind !== 'pool';
    const driven = weighted && layer.terms.some((term) => term.source === INPUT);
    neurons.push(weighted ? neuronCount : -1);
    drives.push(driven ? driveCount : -1);
    if (weighted) neuronCount += size;
    if (driven) driveCount += size;
  }
  return { groups, trains, lines, states, poolMemory, words, neurons, neuronCount, drives, driveCount };
}

/** Tiles of 8 channels × places of a map. */
const placesOf = (shape: { readonly channels: number; readonly height: number; readonly width: number }): number =>
  tilesOf(shape.channels) * shape.height * shape.width;

/** The rows of synchronous neurons that a network needs, each once. */
function delayLines(
  { layers, timetable }: SpikingNetwork,
  model: NeuronModel,
  synchronous: boolean,
): { readonly source: number; readonly hold: number }[] {
  if (!model.windowed || !synchronous) return [];
  const lines = new Map<string, { source: number; hold: number }>();
  for (const layer of layers) {
    if (layer.kind === 'pool') continue;
    for (const { source } of layer.terms) {
      const hold = source === INPUT ? 0 : holdSteps(timetable, layers[source].depth, layer.depth);
      if (hold > 0) lines.set(`${source} ${hold}`, { source, hold });
    }
  }
  return [...lines.values()];
}
