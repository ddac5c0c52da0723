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

/** Membranes of a layer over a chunk of steps (`shaders/integrate.wgsl`). */
export const integrate = (
  device: Device,
  neuron: NeuronLibrary,
  b: IntegrateBindings,
  invocations: number,
  tiles: number,
): Promise<BoundKernel> =>
  bindKernel(
    device,
    kernelSource('integrate', ['lib/broadcast', 'lib/steps', neuronLibrary(neuron), 'lib/membrane']),
    { ...neuronConditions(neuron), windowed: neuron === 'bistable', broadcast: device.broadcast },
    [b.spikes, b.currents, b.layer, b.chunk, b.channels, b.membranes, b.drive, b.counts, b.decoded, b.counters],
    invocations,
    tiles,
    device.broadcast ? device.subgroupSize : WORKGROUP,
  );
