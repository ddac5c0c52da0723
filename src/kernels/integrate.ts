import type { Device } from '../gpu/device.ts';
import { type BoundKernel, bindKernel, kernelSource, WORKGROUP } from './kernel.ts';
import { type NeuronLibrary, neuronConditions, neuronLibrary } from './steps.ts';

/** The buffers of one dispatch; see `shaders/integrate.wgsl`. */
export interface IntegrateBindings {
  readonly spikes: GPUBufferBinding;
  readonly currents: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly chunk: GPUBufferBinding;
  readonly channels: GPUBufferBinding;
  readonly membranes: GPUBufferBinding;
  readonly drive: GPUBufferBinding;
  readonly counts: GPUBufferBinding;
  readonly decoded: GPUBufferBinding;
  readonly counters: GPUBufferBinding;
}

/** Which code steps the neurons of a layer. */
export interface MembraneVariant {
  readonly neuron: NeuronLibrary;
  /** Neurons have a drive each, since the layer reads the pixels; else a channel's is its bias. */
  readonly driven: boolean;
}

/** The conditions of `lib/membrane` and the neuron's library. */
export const membraneConditions = ({ neuron, driven }: MembraneVariant) => ({
  ...neuronConditions(neuron),
  windowed: neuron === 'bistable',
  driven,
});

/** Membranes of a layer over a chunk of steps in which currents come in or not (`shaders/integrate.wgsl`). */
export const integrate = (
  device: Device,
  variant: MembraneVariant,
  receives: boolean,
  b: IntegrateBindings,
  invocations: number,
  tiles: number,
): Promise<BoundKernel> =>
  bindKernel(
    device,
    kernelSource('integrate', ['lib/broadcast', 'lib/steps', neuronLibrary(variant.neuron), 'lib/membrane']),
    { ...membraneConditions(variant), receives, broadcast: device.broadcast },
    [
      ...[b.spikes, receives ? b.currents : null, b.layer, b.chunk, b.channels, b.membranes],
      ...[variant.driven ? b.drive : null, b.counts, b.decoded, b.counters],
    ],
    invocations,
    tiles,
    device.broadcast ? device.subgroupSize : WORKGROUP,
  );
