/** Twins of which one side is enough: where all that read a channel rectify it, nothing beyond the last of their bends is seen. */

import { type AnnLayer, type AnnNeurons, type AnnTerm, sourcesOf } from '../ann/ann.ts';
import { arrangeOutputs, densify, inputChannels, POINTWISE, rowLength, scaleOutputs } from './parts/terms.ts';

/** Twins that a BatchNormalization reads: indices of both layers, and its statistics of x = on − off, a channel. */
export interface Twins {
  readonly on: number;
  readonly off: number;
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

/** What one channel of x becomes. */
interface Side {
  /** 1: relu(x − bend), −1: relu(bend − x), 0: both twins as they are. */
  readonly turn: -1 | 0 | 1;
  readonly bend: number;
}

/** relu(factor · x + offset), a channel each. */
interface Reader {
  readonly index: number;
  readonly factors: Float32Array;
  readonly layer: AnnNeurons;
}

/** Deviations below (or above) the mean that a bend may lie: a word that reached further would be coarser than those of twins. */
const REACH = 3;

/**
 * The layers with one neuron, relu(±(x − bend)), in place of twins where every reader is relu(s·x + t) with the same sign of s: bend is
 * the outermost −t/s. The other twin keeps the channels that need both. Nothing is changed where that saves no multiply-adds.
 */
export function dropUnseenSides(layers: readonly AnnLayer[], pairs: readonly Twins[]): AnnLayer[] {
  const changed = [...layers];
  const reading = new Map<number, Set<number>>();
  for (const [index, layer] of layers.entries()) {
    for (const source of sourcesOf(layer)) reading.set(source, (reading.get(source) ?? new Set()).add(index));
  }
  for (const twins of pairs) {
    const indices = new Set([twins.on, twins.off].flatMap((source) => [...(reading.get(source) ?? [])]));
    const readers = readersOf(changed, indices, twins);
    if (readers) turnTwins(changed, twins, readers);
  }
  return changed;
}

/** All layers that read the twins; `undefined` where one of them is no rectified multiple of x. */
function readersOf(layers: readonly AnnLayer[], indices: ReadonlySet<number>, { on, off }: Twins): Reader[] | undefined {
  const readers: Reader[] = [];
  for (const index of indices) {
    const layer = layers[index];
    if (layer.kind !== 'neurons' || sourcesOf(layer).join() !== `${on},${off}`) return undefined;
    const [positive, negative] = layer.terms.map(({ operator }) => operator);
    const opposite = positive.weights.every((w, c) => w === -negative.weights[c]);
    if (positive.type !== 'identity' || negative.type !== 'identity' || !opposite) return undefined;
    readers.push({ index, factors: positive.weights, layer });
  }
  return readers;
}

function sideOf(channel: number, readers: readonly Reader[], { mean, variance }: Twins): Side {
  const seen = readers.filter(({ factors }) => factors[channel] !== 0);
  const turn = seen.every(({ factors }) => factors[channel] > 0) ? 1 : -1;
  const both: Side = { turn: 0, bend: 0 };
  if (seen.length === 0 || seen.some(({ factors }) => Math.sign(factors[channel]) !== turn)) return both;
  const bends = seen.map(({ factors, layer }) => -layer.bias[channel] / factors[channel]);
  const bend = turn * bends.reduce((least, at) => Math.min(least, turn * at), Number.POSITIVE_INFINITY);
  const deviations = (turn * (bend - mean[channel])) / Math.sqrt(variance[channel]);
  return Math.abs(deviations) <= REACH ? { turn, bend } : both;
}

function turnTwins(layers: AnnLayer[], twins: Twins, readers: readonly Reader[]): void {
  const [on, off] = [layers[twins.on], layers[twins.off]] as AnnNeurons[];
  const { channels } = on.shape;
  const sides = Array.from({ length: channels }, (_, c) => sideOf(c, readers, twins));
  const kept = sides.flatMap(({ turn }, c) => (turn === 0 ? [c] : []));
  const row = on.terms.reduce((all, { operator }) => all + rowLength(operator, channels), 0);
  const spread = kept.length > 0 ? readers.length * channels * (kept.length - 1) : 0;
  if ((channels - kept.length) * row <= spread) return;
  const turns = Float32Array.from(sides, ({ turn }) => turn || 1);
  layers[twins.on] = {
    ...on,
    terms: on.terms.map(({ source, operator }) => ({ source, operator: scaleOutputs(operator, turns) })),
    bias: on.bias.map((b, c) => turns[c] * (b - sides[c].bend)),
  };
  if (kept.length > 0) layers[twins.off] = pickRows(off, kept);
  for (const reader of readers) layers[reader.index] = readSides(reader, twins, sides, kept, turns);
}

/** The layer with some of its channels. */
function pickRows(layer: AnnNeurons, kept: readonly number[]): AnnNeurons {
  const { channels } = layer.shape;
  const terms = layer.terms.map(({ source, operator }): AnnTerm => {
    return { source, operator: arrangeOutputs(densify(operator, channels, inputChannels(operator, channels)), channels, kept) };
  });
  return { ...layer, terms, bias: Float32Array.from(kept, (c) => layer.bias[c]), shape: { ...layer.shape, channels: kept.length } };
}

/** A reader of the turned layer, and of the channels that its twin has kept. */
function readSides(
  { factors, layer }: Reader,
  twins: Twins,
  sides: readonly Side[],
  kept: readonly number[],
  turns: Float32Array,
): AnnNeurons {
  const bias = layer.bias.map((b, c) => b + factors[c] * sides[c].bend);
  const terms: AnnTerm[] = [{ source: twins.on, operator: { type: 'identity', weights: factors.map((f, c) => f * turns[c]) } }];
  if (kept.length > 0) {
    const weights = new Float32Array(factors.length * kept.length);
    kept.forEach((c, i) => {
      weights[c * kept.length + i] = -factors[c];
    });
    terms.push({ source: twins.off, operator: { type: 'convolution', weights, window: POINTWISE, groups: 1 } });
  }
  return { ...layer, bias, terms };
}
