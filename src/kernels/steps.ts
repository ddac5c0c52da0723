import { structLayout } from '../gpu/shader.ts';
import { sources } from './sources.ts';

/** Layout of `SpikeLayer`, the parameters of the stepped engine's kernels (`shaders/lib/steps.wgsl`). */
export const spikeLayerParameters = structLayout([sources['lib/steps']], 'SpikeLayer');

/** Layout of `Chunk`, the steps that are computed now. */
export const chunkParameters = structLayout([sources['lib/steps']], 'Chunk');

/** The library of a neuron's shader code, by the neuron's name (`shaders/lib/neuron-NAME.wgsl`). */
export type NeuronLibrary = 'bistable' | 'burst' | 'phase';

export const neuronLibrary = (neuron: NeuronLibrary): string => `lib/neuron-${neuron}`;

/** Conditions of a kernel with a neuron's library; they tell its pipelines apart in the cache. */
export const neuronConditions = (neuron: NeuronLibrary) => ({
  bistable: neuron === 'bistable',
  burst: neuron === 'burst',
  phase: neuron === 'phase',
});
