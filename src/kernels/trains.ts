/** What the kernels of the stepped engine share: layers and terms over trains of spikes (`shaders/lib/steps.wgsl`). */
import { INPUT, sourceShape } from '../ann/ann.ts';
import type { Conditions, StructValues } from '../gpu/shader.ts';
import { phasesAt, type SpikingNetwork } from '../network/network.ts';
import { holdSteps, type Span } from '../network/timetable.ts';
import type { NeuronModel } from '../neuron/model.ts';
import type { SteppedLayout, Train } from '../plan/trains/layout.ts';
import type { Arithmetic } from './arithmetic.ts';
import { layEvents } from './events.ts';
import { checkLines, checkTerms, inputPadding, sourceParameters, tileGeometry, windowParameters } from './geometry.ts';
import type { Dispatch, Share } from './kernel.ts';
import { layChannels, layWeights, type WeightedLayer } from './weights.ts';

/** Which code convolves: densely, or driven by spikes. */
export type Form = 'dense' | 'spikes';

/** When a dispatch of a stepped plan runs. */
export interface When {
  /** Before the first step of a batch alone. */
  readonly once: boolean;
  /** In chunks that begin within these spans, or a period or several later … */
  readonly during: readonly Span[];
  /** … but not within those. */
  readonly except: readonly Span[];
  /** Where the layer convolves in this form only; null: in both. */
  readonly form: Form | null;
}

/** A dispatch, and when it runs. Its multiply-adds are those of one step, all synapses counted. */
export interface TrainDispatch extends Dispatch {
  readonly when: When;
}

/** All steps from one on. */
export const from = (first: number): Span => ({ first, steps: Number.MAX_SAFE_INTEGER });
export const ALWAYS: When = { once: false, during: [from(0)], except: [], form: null };
export const ONCE: When = { ...ALWAYS, once: true };

/** What all dispatches of a stepped plan have in common. */
export interface TrainContext {
  readonly network: SpikingNetwork;
  readonly model: NeuronModel;
  /** Terms are held back by synchronous neurons. */
  readonly synchronous: boolean;
  readonly layout: SteppedLayout;
  /** Images in the layout. */
  readonly batch: number;
  /** Images follow each other: membranes start anew with each of a layer's windows. */
  readonly restarts: boolean;
}

/** When what is done once an image is done: before its first step, or where images follow each other at the beginning of a window. */
export const onceAnImage = ({ network, restarts }: TrainContext, depth: number): When => {
  const { first } = network.timetable.layers[depth].integrates;
  return restarts ? { ...ALWAYS, during: [{ first, steps: 1 }] } : ONCE;
};

/** A layer of neurons or the readout, as its kernels see it. */
export interface TrainLayer {
  readonly layer: WeightedLayer;
  readonly l: number;
  /** The table of its channels. */
  readonly table: Share;
  readonly arithmetic: Arithmetic;
  /** Terms that read the pixels, and terms that read spikes: one a plane of bits. */
  readonly pixelTerms: readonly StructValues[];
  readonly spikeTerms: readonly SpikeTerm[];
  /** Spans in which words of any source come. */
  readonly receiving: readonly Span[];
  /** The parameter struct `SpikeLayer` without terms. */
  readonly parameters: StructValues & { readonly lanes: number; readonly tilesX: number };
}

interface SpikeTerm {
  /** Index of the layer's term. */
  readonly t: number;
  /** Steps in which its words come. */
  readonly span: Span;
  readonly values: StructValues;
}

/** `MAX_TERMS` of the shaders. */
const MAX_TERMS = 256;
/** `MAX_LINES` of the shaders. */
const MAX_LINES = 128;
/** Never, as a number of steps. */
const NEVER = 2 ** 32 - 1;
/** Pixels (or images) of one invocation of `fused`. */
const PIXELS = 2;

/** Everything that the dispatches of one layer are made from. @throws DeviceError where it has too many terms */
export function trainLayer(
  context: TrainContext,
  layer: WeightedLayer,
  l: number,
  table: Share,
  arithmetic: Arithmetic,
): TrainLayer {
  const { network, model, layout, batch } = context;
  const train = layout.trains[l];
  const [pixelTerms, spikeTerms] = termsOf(context, layer);
  const parameters = {
    ...layer.shape,
    batch,
    ...tileGeometry(layer.shape.width, batch, PIXELS),
    tileWeights: layWeights(network, layer).tileWords / 4,
    destination: train?.first ?? 0,
    groupStride: train?.groupStride ?? 0,
    planes: train?.planes ?? 0,
    most: model.most,
    ...timesOf(context, l),
    channelBase: 0,
    counter: l,
    membranes: layout.neurons[l],
    drive: Math.max(0, layout.drives[l]),
    hasDrive: layout.drives[l] >= 0 ? 1 : 0,
    states: Math.max(0, layout.states[l]),
    ...startOf(context, l),
    ...linesOf(context, l),
  };
  return { layer, l, table, arithmetic, pixelTerms, spikeTerms, receiving: uniqueSpans(spikeTerms), parameters };
}

/**
 * When a layer's membranes begin, as its kernels see it: with the first step, or where images follow each other with every window. Those
 * that are waiting then have a dispatch for it (`start`), so that V is there from the first step on.
 */
function startOf(context: TrainContext, l: number): { readonly start: number; readonly again: number } {
  const { first, period } = timesOf(context, l);
  if (context.restarts) return { start: first, again: period };
  return { start: first === 0 ? 0 : NEVER, again: NEVER };
}

/** The rows of synchronous neurons that hold back what a layer sends. @throws DeviceError where they are too many */
export function linesOf({ network, layout }: TrainContext, l: number) {
  const line = layout.lines
    .filter(({ source }) => source === l)
    .map(({ train, ring, hold }) => ({ sent: train.first, ring, hold }));
  checkLines(network.layers[l].name, line.length, MAX_LINES);
  return { lines: line.length, line };
}

/** The terms of a layer as the kernels read them: those that read pixels, and those that read spikes, one a plane. */
function termsOf(context: TrainContext, layer: WeightedLayer): [StructValues[], SpikeTerm[]] {
  const { network, model, synchronous, layout } = context;
  const { timetable } = network;
  const { termOffsets, termBlocks } = layWeights(network, layer);
  const { rows } = layChannels(layer);
  const pixelTerms: StructValues[] = [];
  const spikeTerms: SpikeTerm[] = [];
  layer.terms.forEach(({ operator, source }, t) => {
    const shape = sourceShape(network, source);
    const common = {
      ...sourceParameters(shape, layer.shape.channels, operator.type === 'identity' ? 1 : operator.groups),
      blocks: termBlocks[t],
      row: rows[t],
      ...(operator.type === 'identity'
        ? { kind: 1 }
        : { kind: 0, weights: termOffsets[t] / 4, ...windowParameters(operator.window) }),
    };
    if (source === INPUT) {
      const { words, pad, padStride } = inputPadding(shape);
      pixelTerms.push({ ...common, source: words, pad, padStride });
      return;
    }
    const { depth } = network.layers[source];
    const hold = synchronous ? holdSteps(network.timetable, depth, layer.depth) : 0;
    const line = layout.lines.find((one) => one.source === source && one.hold === hold);
    const train = line?.train ?? (layout.trains[source] as Train);
    // the last synchronous neuron sends `hold` steps after the source
    const span = model.windowed ? { first: timetable.layers[depth].fires.first + hold, steps: phasesAt(network, source) } : from(0);
    const phases = { first: span.first, bits: phasesAt(network, source), ...clockOf(context, span.first, depth) };
    for (let plane = 0; plane < train.planes; plane++) {
      const negative = model.signed && plane === train.planes - 1;
      const at = { source: train.first + plane * train.planeStride, groupStride: train.groupStride };
      const weight = negative ? -(2 ** plane) : 2 ** plane;
      spikeTerms.push({ t, span, values: { ...common, ...at, ...phases, weight } });
    }
  });
  checkTerms(layer.name, Math.max(spikeTerms.length, pixelTerms.length), MAX_TERMS);
  return [pixelTerms, spikeTerms];
}

const uniqueSpans = (terms: readonly SpikeTerm[]): Span[] => [
  ...new Map(terms.map(({ span }) => [`${span.first} ${span.steps}`, span])).values(),
];

/** What turns a step into a phase, (step + offset) mod period: counted from a window's beginning, or for neurons without windows mod K. */
const clockOf = ({ network, model }: TrainContext, first: number, depth: number) => {
  const { period, layers } = network.timetable;
  if (!model.windowed) return { offset: 0, period: Math.max(1, layers[depth].phases) };
  return { offset: (period - (first % period)) % period, period };
};

/** When a layer integrates and fires, as its kernels see it. */
export function timesOf(context: TrainContext, l: number) {
  const { network, model } = context;
  const { depth } = network.layers[l];
  const { integrates, phases } = network.timetable.layers[depth];
  const { first, steps } = model.windowed ? integrates : { first: 0, steps: 0 };
  return { phaseBits: phases, first, window: steps, ...clockOf(context, first, depth) };
}

/** Terms over spikes as parameters. @param events tiles of the share whose weights are driven by spikes; 0 for dense ones */
export function spikeTerms({ network }: TrainContext, { layer, spikeTerms: terms }: TrainLayer, events = 0): StructValues {
  const { offsets } = layEvents(network, layer, events);
  return { terms: terms.length, term: terms.map(({ t, values }) => ({ ...values, events: Math.max(0, offsets[t]) })) };
}

/** What every dispatch of a layer has. */
export const layerDispatch = ({ layer, l, table, parameters }: TrainLayer) => ({
  layer: l,
  name: layer.name,
  variant: {} as Conditions,
  parameters: parameters as StructValues,
  ranges: { channels: table.range } as Dispatch['ranges'],
  tiles: 1,
  macs: 0,
  when: ALWAYS,
});

/** The conditions of `lib/membrane` and of the neuron's library. */
export const membraneVariant = (model: NeuronModel, { parameters }: TrainLayer): Conditions => ({
  neuron: model.shader,
  windowed: model.windowed,
  driven: parameters.hasDrive === 1,
  signed: model.signed,
  wide: (parameters.planes as number) > 4,
});
