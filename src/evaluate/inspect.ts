import {
  type Ann,
  type AnnLayer,
  type ImageShape,
  INPUT,
  type Shape,
  shapeSize,
  sourceShape,
  sourcesOf,
  type Window,
} from '../ann/ann.ts';
import type { Sidecar } from '../data/sidecar.ts';
import type { Graph } from '../graph/graph.ts';
import { cellsOf } from '../kernels/geometry.ts';
import { phaseBitsOf, phasesAt, type SpikingLayer, type SpikingNetwork, scalesAt } from '../network/network.ts';
import type { SavedNetwork } from '../network/saved/load.ts';
import { layerMacs } from '../network/work.ts';
import type { BatchSize } from '../plan/batch.ts';
import { planCells } from '../plan/cells/plan.ts';
import type { PlanLimits } from '../plan/fit.ts';
import { type Program, totalBytes } from '../plan/program.ts';
import { planWords, type WordsProgram } from '../plan/words/plan.ts';
import { planesOf } from '../plan/words/regions.ts';
import { ownNormalization, shownNormalization } from './fit.ts';
import { FEWEST_BITS, type GridFigures, gridFigures } from './grid.ts';

/** What a model or a saved network is made of; nothing is run, and no device is needed. */
export interface Inspection {
  readonly model: string;
  readonly kind: 'trained' | 'spiking';
  readonly input: ImageShape;
  /** Of pixels / 255: the sidecar's, those in the model's own graph, or those that were folded in; null where nobody says. */
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
  /** Whose mean and std these are. */
  readonly normalizedBy: 'sidecar' | 'model' | 'network' | null;
  /** Of an ONNX file. */
  readonly opset: number | null;
  /** What became of the file's operators, in the order in which they first come; null for a saved network. */
  readonly operators: readonly OperatorUse[] | null;
  /** Of a spiking network: K, by depth where it differs. */
  readonly phaseBits: number | readonly number[] | null;
  readonly layers: readonly InspectedLayer[];
  readonly totals: Totals;
  readonly plan: PlanFigures;
}

/** All nodes of one ONNX operator. */
export interface OperatorUse {
  readonly operator: string;
  readonly nodes: number;
  /** Nodes that a layer is named after: its activation, pool or last linear operator. The others went into sums, weights or shapes. */
  readonly layers: number;
}

/** One layer, trained or spiking. */
export interface InspectedLayer {
  readonly name: string;
  readonly kind: AnnLayer['kind'];
  /** One a term: "conv 3×3 s2 p1", "linear", "identity"; of a pool "max 2×2 s2". */
  readonly operators: readonly string[];
  /** Index of each term's source; −1 for the input. */
  readonly sources: readonly number[];
  readonly shape: Shape;
  /** Upper bound of the activation in the graph; null for none. */
  readonly ceiling: number | null;
  /** Weights of its convolutions, and biases. */
  readonly parameters: number;
  /** Multiply-adds of one image; of a spiking network: of one wave. */
  readonly macs: number;
  /** Bytes of what it sends for one image: activations in f32, or the words of all waves. */
  readonly bytes: number;
  /** Of a spiking network. */
  readonly spiking: SpikingLayerFigures | null;
}

/** What only a layer of a spiking network has. */
export interface SpikingLayerFigures {
  readonly depth: number;
  /** K of its words; 0 for the readout. */
  readonly phases: number;
  /** Least and greatest λ of its channels; null for pools. */
  readonly scale: readonly [min: number, max: number] | null;
  /** Synchronous neurons in a row on each term. */
  readonly delays: readonly number[];
  readonly grid: GridFigures | null;
  /** Whether the weights of some channel in some term make use of fewer than 6 bits. */
  readonly coarse: boolean;
}

/** Sums over the layers. */
export interface Totals {
  readonly layers: number;
  readonly neurons: number;
  readonly parameters: number;
  readonly macs: number;
}

/** What a run would take, planned for the limits that every WebGPU device has. */
export interface PlanFigures {
  /** Images at once, as it fits. */
  readonly batch: number;
  /** Of a spiking network. */
  readonly waves: number | null;
  readonly dispatches: number;
  /** Of all buffers together. */
  readonly bytes: number;
  /** Of those, what each image of the batch adds. */
  readonly bytesPerImage: number;
}

/** For which batch to plan, and how many words of each layer. */
export interface InspectOptions {
  /** "auto": as many as a device that computes on the CPU takes. */
  readonly batch: BatchSize;
  readonly waves: number;
}

/** The least that WebGPU promises. */
const LIMITS: PlanLimits = {
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  maxUniformBufferBindingSize: 2 ** 16,
};

/** The sidecar's mean and std, else the model's own. */
function trainedNormalization(ann: Ann, sidecar: Sidecar | null): Pick<Inspection, 'mean' | 'std' | 'normalizedBy'> {
  if (sidecar?.mean && sidecar.std) return { mean: sidecar.mean, std: sidecar.std, normalizedBy: 'sidecar' };
  const own = ownNormalization(ann);
  return own ? { ...shownNormalization(ann, own), normalizedBy: 'model' } : { mean: null, std: null, normalizedBy: null };
}

/** A trained network with its file's graph. @throws OptionError for the batch, DeviceError where not even one image fits */
export function inspectTrained(ann: Ann, graph: Graph, sidecar: Sidecar | null, { batch }: InspectOptions): Inspection {
  const layers = ann.layers.map((layer) => ({
    ...common(ann, layer),
    ceiling: layer.kind === 'neurons' && Number.isFinite(layer.ceiling) ? layer.ceiling : null,
    bytes: cellsOf(layer.shape) * 16,
    spiking: null,
  }));
  return {
    model: ann.name,
    kind: 'trained',
    input: ann.input,
    ...trainedNormalization(ann, sidecar),
    opset: graph.opset,
    operators: operatorUses(graph, ann),
    phaseBits: null,
    layers,
    totals: totals(layers),
    plan: { ...planFigures(planCells(ann, LIMITS, { batch })), waves: null },
  };
}

/** A saved network. @throws OptionError for batch and waves, DeviceError where not even one image fits */
export function inspectSaved({ network }: Pick<SavedNetwork, 'network'>, options: InspectOptions): Inspection {
  const program = planWords(network, LIMITS, options);
  const layers = network.layers.map((layer, l) => {
    const grid = layer.kind === 'pool' ? null : gridFigures(network, layer);
    return {
      ...common({ input: network.input.shape, layers: network.layers }, layer),
      ceiling: null,
      bytes: sentBytes(layer, program),
      spiking: {
        depth: layer.depth,
        phases: phasesAt(network, l),
        scale: scaleRange(network, l),
        delays: layer.kind === 'pool' ? [] : layer.terms.map(({ delay }) => delay),
        grid,
        coarse: grid?.weightBits != null && grid.weightBits.least < FEWEST_BITS,
      },
    };
  });
  return {
    model: network.name,
    kind: 'spiking',
    input: network.input.shape,
    mean: network.input.mean,
    std: network.input.std,
    normalizedBy: 'network',
    opset: null,
    operators: null,
    phaseBits: phaseBitsOf(network),
    layers,
    totals: totals(layers),
    plan: { ...planFigures(program), waves: program.waves },
  };
}

/** What both kinds of network have. */
function common(
  net: { readonly input: Shape; readonly layers: readonly { readonly shape: Shape }[] },
  layer: AnnLayer | SpikingLayer,
) {
  const { name, kind, shape } = layer;
  const sources = sourcesOf(layer);
  if (layer.kind === 'pool') {
    return { name, kind, shape, sources, operators: [`${layer.mode} ${windowText(layer.window)}`], parameters: 0, macs: 0 };
  }
  const weights = layer.terms.reduce((n, { operator }) => n + (operator.type === 'identity' ? 0 : operator.weights.length), 0);
  return {
    name,
    kind,
    shape,
    sources,
    operators: layer.terms.map(({ source, operator }) => operatorText(operator, sourceShape(net, source), shape)),
    parameters: weights + layer.bias.length,
    macs: layerMacs(layer),
  };
}

/** "3×3 s2 p1 d2": what is 1 or 0 everywhere is left out. */
function windowText({ kernel, stride, pads, dilation }: Window): string {
  const pair = (letter: string, [a, b]: readonly [number, number], none: number) =>
    a === b ? (a === none ? [] : [`${letter}${a}`]) : [`${letter}${a},${b}`];
  const padding = pads.every((p) => p === pads[0]) ? (pads[0] === 0 ? [] : [`p${pads[0]}`]) : [`p${pads.join(',')}`];
  return [`${kernel[0]}×${kernel[1]}`, ...pair('s', stride, 1), ...padding, ...pair('d', dilation, 1)].join(' ');
}

type Operator = { readonly type: 'identity' } | { readonly type: 'convolution'; readonly window: Window; readonly groups: number };

function operatorText(operator: Operator, source: Shape, own: Shape): string {
  if (operator.type === 'identity') return 'identity';
  const { window, groups } = operator;
  const whole = window.kernel[0] === source.height && window.kernel[1] === source.width && own.height * own.width === 1;
  if (whole && groups === 1) return 'linear';
  return `conv ${windowText(window)}${groups > 1 ? ` g${groups}` : ''}`;
}

function scaleRange(network: SpikingNetwork, l: number): readonly [number, number] | null {
  const scales = scalesAt(network, l);
  if (scales.length === 0) return null;
  return [scales.reduce((a, b) => Math.min(a, b)), scales.reduce((a, b) => Math.max(a, b))];
}

/** Words of all waves, four to a u32; of the readout its potentials. */
const sentBytes = ({ kind, shape, units }: SpikingLayer, { waves, points }: WordsProgram): number =>
  kind === 'readout' ? shape.channels * 4 * waves * points : cellsOf(shape) * 4 * planesOf(units.most) * waves;

function operatorUses({ nodes }: Graph, { layers }: Ann): OperatorUse[] {
  const names = new Set(layers.map(({ name }) => name));
  const uses = new Map<string, { nodes: number; layers: number }>();
  for (const { operator, name } of nodes) {
    const use = uses.get(operator) ?? { nodes: 0, layers: 0 };
    uses.set(operator, { nodes: use.nodes + 1, layers: use.layers + Number(names.has(name)) });
  }
  return Array.from(uses, ([operator, use]) => ({ operator, ...use }));
}

function totals(layers: readonly InspectedLayer[]): Totals {
  const sum = (of: (layer: InspectedLayer) => number) => layers.reduce((n, layer) => n + of(layer), 0);
  return {
    layers: layers.length,
    neurons: sum(({ kind, shape }) => (kind === 'neurons' ? shapeSize(shape) : 0)),
    parameters: sum(({ parameters }) => parameters),
    macs: sum(({ macs }) => macs),
  };
}

/** Buffers whose size is that of the network, whatever the batch. */
const OF_NETWORK: ReadonlySet<string> = new Set(['weights', 'channels', 'counters', 'bins', 'normalization', 'batch']);

function planFigures(program: Program): Omit<PlanFigures, 'waves'> {
  const { batch, dispatches, buffers } = program;
  const ofImages = Object.fromEntries(Object.entries(buffers).filter(([name]) => !OF_NETWORK.has(name)));
  return {
    batch,
    dispatches: dispatches.length,
    bytes: totalBytes(program),
    bytesPerImage: totalBytes({ buffers: ofImages }) / batch,
  };
}

/** A source in few characters: "input", or the layer's number. */
export const sourceText = (source: number): string => (source === INPUT ? 'input' : String(source));
