import { shapeSize } from '../../ann/ann.ts';
import { type Accumulated, accumulate } from '../../kernels/accumulate.ts';
import { depthwise, layTaps } from '../../kernels/depthwise.ts';
import { encode } from '../../kernels/encode.ts';
import { blocksOf, tilesOf } from '../../kernels/geometry.ts';
import type { Dispatch } from '../../kernels/kernel.ts';
import { pool } from '../../kernels/pool.ts';
import { readout } from '../../kernels/readout.ts';
import { layChannels, layWeights } from '../../kernels/weights.ts';
import type { WordsContext } from '../../kernels/words.ts';
import { phasesAt, type SpikingNetwork } from '../../network/network.ts';
import { readoutPhases } from '../../network/timetable.ts';
import { initialMembrane } from '../../neuron/bistable.ts';
import { batchClass } from '../batch.ts';
import { type Choice, choose, isSigned } from '../choices.ts';
import { countsSpikes } from '../counters.ts';
import { checkCount, fit, type PlanLimits } from '../fit.ts';
import { networkPackers } from '../packers.ts';
import { type Packers, type Program, storage, uniform } from '../program.ts';
import { Tables } from '../tables.ts';
import type { WordsOptions } from './options.ts';
import { layRegions, type Region, type Regions } from './regions.ts';

/** The windowed engine's program: all waves of a layer in one dispatch. The same for every device with these limits. */
export interface WordsProgram extends Program {
  readonly waves: number;
  /** Points in time of a wave at which potentials are taken. */
  readonly points: number;
  readonly classes: number;
  readonly regions: Regions;
  /** First entry of each layer's membranes where they are kept; −1 for pools. */
  readonly membranes: readonly number[];
}

/** Words that a layer sends, at most: more would not fit the readout's sums. */
const MOST_WAVES = 128;

/**
 * Plans a network for a batch: dispatches in order, buffers with lifetimes, the batch cut to the limits. Pure.
 * @throws OptionError for a batch or wave count out of range, DeviceError where not even one image fits
 */
export function planWords(network: SpikingNetwork, limits: PlanLimits, options: WordsOptions): WordsProgram {
  checkCount('waves', options.waves, MOST_WAVES);
  // whether a choice is exact is looked up in all weights: once for the batches of a class
  const chosen = new Map<number, readonly (Choice | null)[]>();
  const choicesAt = (batch: number): readonly (Choice | null)[] => {
    const found =
      chosen.get(batchClass(batch)) ??
      network.layers.map((layer) => (layer.kind === 'neurons' ? choose(network, layer, limits, { ...options, batch }) : null));
    chosen.set(batchClass(batch), found);
    return found;
  };
  const spikes = options.waves * Math.max(...network.layers.map((_, l) => phasesAt(network, l)));
  return fit(network.name, limits, options, (batch) =>
    countsSpikes(network.layers, batch, spikes) ? [planBatch(network, limits, { ...options, batch }, choicesAt(batch))] : [],
  );
}

function planBatch(
  network: SpikingNetwork,
  limits: PlanLimits,
  options: WordsOptions & { readonly batch: number },
  choices: readonly (Choice | null)[],
): WordsProgram {
  const { batch, waves, readWords = false, keepWords = readWords, keepMembranes = false } = options;
  const { layers, input } = network;
  const regions = layRegions(network, batch, waves, keepWords);
  const tables = new Tables(limits);
  const context: WordsContext = { network, regions, batch, waves };
  const membranes = layMembranes(network, keepMembranes ? batch : 0);
  const dispatches: Dispatch[] = [encode(input.shape, batch, (regions.regions[0] as Region).first)];
  layers.forEach((layer, l) => {
    if (layer.kind === 'pool') {
      dispatches.push(pool(context, layer, l));
      return;
    }
    const choice = choices[l];
    const isUniform = choice?.weights === 'uniform';
    const table = tables.table('channels', 'channels', l, layChannels(layer).entries * 16, isUniform);
    const kept = keepMembranes ? membranes.first[l] : null;
    if (layer.kind === 'neurons' && choice?.form === 'depthwise') {
      const weights = { layer: l, tiles: blocksOf(layer.shape.channels), tileBytes: layTaps(layer).tileWords * 4 };
      const taps = tables.weights('weights', 'taps', weights, isUniform);
      dispatches.push(...depthwise(context, layer, l, taps, table, choice.arithmetic === 'halves', kept));
      return;
    }
    const weights = { layer: l, tiles: tilesOf(layer.shape.channels), tileBytes: layWeights(network, layer).tileWords * 4 };
    if (layer.kind === 'readout') {
      dispatches.push(...readout(context, layer, l, tables.weights('weights', 'weights', weights, false), table));
      return;
    }
    const signed = isSigned(network, layer, choice as Choice, options.capabilities);
    const shares = tables.weights('weights', packerOf(choice as Choice, signed), weights, isUniform);
    dispatches.push(...accumulate(context, layer, l, { ...choice, signed } as Accumulated, shares, table, kept));
  });
  const classes = layers[layers.length - 1].shape.channels;
  const points = readoutPhases(network.timetable);
  const potentials = waves * points * batch * classes * 4;
  return {
    network: network.name,
    batch,
    waves,
    points,
    classes,
    dispatches,
    regions,
    membranes: membranes.first,
    buffers: {
      words: storage(regions.words * 4),
      pixels: storage(shapeSize(input.shape) * batch + 4),
      weights: tables.buffer('weights'),
      channels: tables.buffer('channels'),
      potentials: storage(potentials),
      counters: storage(layers.length * 4, true),
      membranes: storage(membranes.count * 4),
      batch: uniform(16),
    },
    contents: [{ buffer: 'words', offset: 0, pack: 'padding', layer: -1 }, ...tables.contents],
    results: [
      { buffer: 'potentials', offset: 0, size: potentials },
      { buffer: 'counters', offset: 0, size: layers.length * 4 },
      ...(readWords ? [{ buffer: 'words', offset: 0, size: regions.words * 4 }] : []),
    ],
  };
}

/** What packs the weights of `accumulate`. Matrix units take the 128 off where they stage them. */
function packerOf({ form, arithmetic }: Choice, signed: boolean): string {
  if (form !== 'matrix' && signed) return 'signed';
  return arithmetic === 'halves' ? 'transposed' : 'weights';
}

/** First entry of each layer's membranes, −1 for what has none, and how many there are. @param batch 0: none are kept */
function layMembranes({ layers }: SpikingNetwork, batch: number): { first: number[]; count: number } {
  let count = 0;
  const first = layers.map((layer) => {
    if (layer.kind !== 'neurons' || batch === 0) return -1;
    count += shapeSize(layer.shape) * batch;
    return count - shapeSize(layer.shape) * batch;
  });
  return { first, count };
}

/** What makes the program's data of the network. */
export const wordsPackers = (network: SpikingNetwork): Packers =>
  networkPackers(network, (g) => initialMembrane(g, network.initial));
