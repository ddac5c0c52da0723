import { shapeSize } from '../ann/ann.ts';
import type { Decoding, LayerSums } from '../network/diagnosis.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { Sent } from '../network/timetable.ts';
import { layerMacs } from '../network/work.ts';

/** What the spikes of one layer are like against the trained network's activations of the same images. Shares are 0…1. */
export interface LayerDiagnosis {
  readonly name: string;
  readonly neurons: number;
  /** SIN ratio: neurons whose activation is 0 and that spiked all the same, of all neurons. */
  readonly sin: number;
  /** The same, of the neurons that spiked. */
  readonly sinOfSpiking: number;
  /** Neurons whose activation is 0. */
  readonly inactive: number;
  /** Neurons without a spike. */
  readonly silent: number;
  /** Neurons that fired whenever they could. */
  readonly saturated: number;
  readonly spikesPerNeuron: number;
  /** Mean of decoded minus real activation, in units of λ. */
  readonly meanError: number;
  /** Mean distance of decoded and real activation, in units of λ. */
  readonly meanAbsoluteError: number;
  /** Pearson's correlation of decoded and real activation, both in units of λ; null where one of them does not vary. */
  readonly correlation: number | null;
  /** Synaptic operations that the layer's spikes cause, an image; what a max pool lets through is counted behind it. */
  readonly synapticOperations: number;
}

/** A network's diagnosis at one time. */
export interface Diagnosis {
  /** Images looked at. */
  readonly images: number;
  /** SIN ratio over all neurons of the network; 0 where it has none. */
  readonly sin: number;
  readonly spikesPerImage: number;
  readonly energy: Energy;
  /** Layers of neurons, in order. */
  readonly layers: readonly LayerDiagnosis[];
}

/** Estimate of the arithmetic's energy, one image, 45 nm (Horowitz, ISSCC 2014), counted as NeuroBench does. */
export interface Energy {
  /** Additions of a weight, one for each spike and synapse. */
  readonly synapticOperations: number;
  /** Multiply-adds of pixels, which are numbers and no spikes; the current is the same in every wave and computed once. */
  readonly inputMacs: number;
  readonly snnNanojoules: number;
  /** Multiply-adds of the trained network. */
  readonly annMacs: number;
  readonly annNanojoules: number;
}

/** Picojoules of a 32-bit addition and a 32-bit multiply-add in floating point. */
const ADD_PJ = 0.9;
const MAC_PJ = 4.6;

/** How the words of a bistable layer are read: their mean, where `bits` of a word count as the part of it that they can be. */
export function decodeWords(phaseBits: number, { words, bits }: Sent): Decoding {
  const full = 2 ** phaseBits - 1;
  const saturation = words * full + (2 ** phaseBits - 2 ** (phaseBits - bits));
  return { unit: saturation === 0 ? 0 : full / 2 ** phaseBits / saturation, saturation };
}

/** What of a diagnosis follows from the network alone: plain data, with which sums become figures without the network. */
export interface DiagnosisFrame {
  readonly counted: readonly CountedFrame[];
  /** Multiply-adds of pixels, and of the whole trained network, an image. */
  readonly inputMacs: number;
  readonly annMacs: number;
}

/** A counted layer: of neurons, or a max pool for its synaptic operations. */
interface CountedFrame {
  /** Its index in the network, and that of the layer of neurons whose spikes it sends: itself, or what is in front of a max pool. */
  readonly layer: number;
  readonly sender: number;
  readonly name: string;
  /** null: a pool. */
  readonly neurons: number | null;
  /** What one unit of the decoded sum stands for, in units of λ. */
  readonly unit: number;
}

/** @param layers index of each counted layer: neurons, and max pools for their synaptic operations */
export function diagnosisFrame(
  network: SpikingNetwork,
  layers: readonly number[],
  decoding: readonly Pick<Decoding, 'unit'>[],
): DiagnosisFrame {
  const weighted = network.layers.filter((layer) => layer.kind !== 'pool');
  const macs = (keep: (source: number) => boolean) =>
    weighted.reduce((sum, layer) => sum + layerMacs({ ...layer, terms: layer.terms.filter(({ source }) => keep(source)) }), 0);
  const counted = layers.map((l, i) => {
    const { kind, name, shape } = network.layers[l];
    const neurons = kind === 'neurons' ? shapeSize(shape) : null;
    return { layer: l, sender: neuronsBehind(network, l), name, neurons, unit: decoding[i].unit };
  });
  return { counted, inputMacs: macs((source) => source < 0), annMacs: macs(() => true) };
}

/** The figures of a network from the sums of its counted layers. */
export function diagnosis({ counted, inputMacs, annMacs }: DiagnosisFrame, sums: readonly LayerSums[], images: number): Diagnosis {
  const operations = new Map<number, number>();
  counted.forEach(({ sender }, i) => {
    operations.set(sender, (operations.get(sender) ?? 0) + sums[i].operations / images);
  });
  const layers = counted.flatMap(({ layer, name, neurons, unit }, i): LayerDiagnosis[] =>
    neurons === null
      ? []
      : [{ name, neurons, ...figuresOf(sums[i], neurons * images, unit), synapticOperations: operations.get(layer) ?? 0 }],
  );
  const total = (of: (layer: LayerDiagnosis) => number) => layers.reduce((sum, layer) => sum + of(layer), 0);
  const neurons = total((layer) => layer.neurons);
  const synapticOperations = [...operations.values()].reduce((a, b) => a + b, 0);
  return {
    images,
    sin: total((layer) => layer.sin * layer.neurons) / Math.max(1, neurons),
    spikesPerImage: total((layer) => layer.spikesPerNeuron * layer.neurons),
    energy: {
      synapticOperations,
      inputMacs,
      snnNanojoules: (synapticOperations * ADD_PJ + inputMacs * MAC_PJ) / 1000,
      annMacs,
      annNanojoules: (annMacs * MAC_PJ) / 1000,
    },
    layers,
  };
}

/** The layer of neurons whose spikes a counted layer sends: itself, or what is in front of a max pool. */
function neuronsBehind(network: SpikingNetwork, l: number): number {
  let behind = l;
  for (let layer = network.layers[l]; layer.kind === 'pool'; layer = network.layers[behind]) behind = layer.source;
  return behind;
}

function figuresOf(sums: LayerSums, pairs: number, unit: number) {
  const { sin, spiking } = sums;
  return {
    sin: sin / pairs,
    sinOfSpiking: spiking === 0 ? 0 : sin / spiking,
    inactive: sums.inactive / pairs,
    silent: 1 - spiking / pairs,
    saturated: sums.saturated / pairs,
    spikesPerNeuron: sums.spikes / pairs,
    meanError: (sums.decoded * unit - sums.activation) / pairs,
    meanAbsoluteError: sums.absoluteError / pairs,
    correlation: correlationOf(sums, pairs),
  };
}

/** Pearson's correlation from sums; the sums are of f32, so that a variance below a millionth of the square is none. */
function correlationOf({ activation: a, activationSquare: aa, decoded: d, decodedSquare: dd, product: ad }: LayerSums, n: number) {
  const variance = (square: number, sum: number) => {
    const v = square / n - (sum / n) ** 2;
    return v > 1e-6 * (square / n) ? v : 0;
  };
  const spread = Math.sqrt(variance(aa, a) * variance(dd, d));
  return spread === 0 ? null : Math.min(1, Math.max(-1, (ad / n - (a / n) * (d / n)) / spread));
}
