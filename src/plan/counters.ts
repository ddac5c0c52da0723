import { type Shape, shapeSize } from '../ann/ann.ts';

/** Kernels count in 32 bits: what a counter cannot reach. */
const BEYOND = 2 ** 32;

interface Counted {
  readonly kind: string;
  readonly shape: Shape;
}

/** Neurons of the largest layer that is counted. */
const largest = (layers: readonly Counted[]): number =>
  layers.reduce((most, { kind, shape }) => (kind === 'neurons' ? Math.max(most, shapeSize(shape)) : most), 0);

/** Whether the spikes of each layer in a batch can be counted. @param spikes of one neuron for one image, at most */
export const countsSpikes = (layers: readonly Counted[], batch: number, spikes: number): boolean =>
  largest(layers) * batch * spikes < BEYOND;

/** Images whose positive activations a histogram of each layer can count: whole batches. */
export const countableImages = (layers: readonly Counted[], batch: number): number =>
  Math.max(1, Math.floor((BEYOND - 1) / Math.max(1, largest(layers)) / batch)) * batch;
