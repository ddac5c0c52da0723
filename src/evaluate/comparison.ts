import type { AdapterDescription } from '../gpu/device.ts';
import type { InputFigures } from './result.ts';

/** Several neurons on the same network and images; its JSON is what `bsnn compare --json` writes. Shares are 0…1. */
export interface Comparison extends InputFigures {
  readonly model: string;
  readonly dataset: string;
  readonly images: number;
  readonly classes: number;
  /** K; by depth, from the input's window on, where it differs. */
  readonly phaseBits: number | readonly number[];
  readonly initial: 'half' | 'zero';
  /** The trained network, and its multiply-adds for an image. */
  readonly ann: { readonly top1: number; readonly macs: number };
  /** Neuron by neuron, in the order of time. */
  readonly rows: readonly ComparisonRow[];
  readonly device: AdapterDescription;
  readonly seconds: number;
}

/** One neuron after T steps from the image's onset. */
export interface ComparisonRow {
  readonly neuron: string;
  readonly t: number;
  /** Null before any spike can have reached the readout. */
  readonly top1: number | null;
  /** SIN ratio over all neurons of the network, and its mean over the layers, whatever their size. */
  readonly sin: number;
  readonly meanLayerSin: number;
  readonly spikesPerImage: number;
  /** An image: additions of a weight, one for each spike and synapse; max pools are taken to let all spikes through. */
  readonly synapticOperations: number;
  /** Convolutions and linear layers computed so far, an image: one for each term and each step in which its source can spike. */
  readonly convolutions: number;
  /** On the GPU by its own timestamps (with what its driver compiles meanwhile), all images, no diagnosis; null without timestamps. */
  readonly seconds: number | null;
  readonly layers: readonly {
    readonly name: string;
    readonly sin: number;
    readonly spikesPerNeuron: number;
    readonly correlation: number | null;
  }[];
}
