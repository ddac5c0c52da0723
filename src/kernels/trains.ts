/** What the kernels of the stepped engine share: layers and terms over trains of spikes (`shaders/lib/steps.wgsl`). */
import { INPUT, sourceShape } from '../ann/ann.ts';
import type { Conditions, StructValues } from '../gpu/shader.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { NeuronModel } from '../neuron/model.ts';
import type { Windows } from '../plan/trains/chunks.ts';
import type { SteppedLayout, Train } from '../plan/trains/layout.ts';
import type { Arithmetic } from './arithmetic.ts';
import { layEvents } from './events.ts';
import { blocksOf, checkTerms, sourceParameters, tileGeometry, windowParameters } from './geometry.ts';
import type { Dispatch, Share } from './kernel.ts';
import { layChannels, layWeights, type WeightedLayer } from './weights.ts';

/** Which code convolves: densely, or driven by spikes. */
export type Form = 'dense' | 'spikes';

/** When a dispatch of a stepped plan runs. */
export interface When {
  /** Before the first step of a batch alone. */
  readonly once: boolean;
  /** In chunks of these windows … */
  readonly windows: readonly Windows[];
  /** … but not in those. */
  readonly except: readonly Windows[];
  /** In chunks that end a window only. */
  readonly atEnd: boolean;
  /** Where the layer convolves in this form only; null: in both. */
  readonly form: Form | null;
}

/** A dispatch, and when it runs. Its multiply-adds are those of one step, all synapses counted. */
export interface TrainDispatch extends Dispatch {
  readonly when: When;
}

export const EVERY_WINDOW: readonly Windows[] = [{ first: 0, every: 1 }];
export const ALWAYS: When = { once: false, windows: EVERY_WINDOW, except: [], atEnd: false, form: null };
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
}

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
  /** Windows in which any source sends. */
  readonly receiving: readonly Windows[];
  /** The parameter struct `SpikeLayer` without terms. */
  readonly parameters: StructValues & { readonly lanes: number; readonly tilesX: number };
}

type SpikeTerm = StructValues & Windows & { readonly t: number };

/** `MAX_TERMS` of the shaders. */
const MAX_TERMS = 64;
/** Pixels (or images) of one invocation of `convolve`. */
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
    phaseBits: network.phaseBits,
    channelBase: 0,
    counter: l,
    membranes: layout.neurons[l],
    drive: Math.max(0, layout.drives[l]),
    hasDrive: layout.drives[l] >= 0 ? 1 : 0,
    states: Math.max(0, layout.states[l]),
    firstWindow: layer.depth - 1,
  };
  return { layer, l, table, arithmetic, pixelTerms, spikeTerms, receiving: uniqueWindows(spikeTerms), parameters };
}

/** The terms of a layer as the kernels read them: those that read pixels, and those that read spikes, one a plane. */
function termsOf(context: TrainContext, layer: WeightedLayer): [StructValues[], SpikeTerm[]] {
  const { network, model, synchronous, layout } = context;
  const { termOffsets, termBlocks } = layWeights(network, layer);
  const { identities } = layChannels(layer);
  const pixelTerms: StructValues[] = [];
  const spikeTerms: SpikeTerm[] = [];
  layer.terms.forEach(({ operator, source, delay }, t) => {
    const shape = sourceShape(network, source);
    const common = {
      ...sourceParameters(shape, layer.shape.channels, operator.type === 'identity' ? 1 : operator.groups),
      blocks: termBlocks[t],
      ...(operator.type === 'identity'
        ? { kind: 1, weights: identities[t] }
        : { kind: 0, weights: termOffsets[t] / 4, ...windowParameters(operator.window) }),
    };
    if (source === INPUT) {
      pixelTerms.push({ ...common, source: 1 + blocksOf(shape.channels), pad: 1, padStride: 1 });
      return;
    }
    const held = model.windowed && synchronous ? delay : 0;
    const line = layout.lines.find((one) => one.source === source && one.delay === held);
    const train = line?.train ?? (layout.trains[source] as Train);
    // the last synchronous neuron sends `held` windows after the source
    const windows = model.windowed ? { first: network.layers[source].depth + held, every: 2 } : EVERY_WINDOW[0];
    for (let plane = 0; plane < train.planes; plane++) {
      const at = { source: train.first + plane * train.planeStride, groupStride: train.groupStride, shift: plane };
      spikeTerms.push({ ...common, ...at, ...windows, t });
    }
  });
  checkTerms(layer.name, Math.max(spikeTerms.length, pixelTerms.length), MAX_TERMS);
  return [pixelTerms, spikeTerms];
}

const uniqueWindows = (terms: readonly Windows[]): Windows[] => [
  ...new Map(terms.map(({ first, every }) => [`${first} ${every}`, { first, every }])).values(),
];

/** Terms over spikes as parameters. @param events tiles of the share whose weights are driven by spikes; 0 for dense ones */
export function spikeTerms({ network }: TrainContext, { layer, spikeTerms: terms }: TrainLayer, events = 0): StructValues {
  const { offsets } = layEvents(network, layer, events);
  return { terms: terms.length, term: terms.map(({ t, ...term }) => ({ ...term, events: Math.max(0, offsets[t]) })) };
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
});
