import type { Device } from '../gpu/device.ts';
import type { IntegrateBindings } from './integrate.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';
import { type NeuronLibrary, neuronConditions, neuronLibrary } from './steps.ts';

/** The buffers of one dispatch; see `shaders/readout-steps.wgsl`. */
export interface ReadoutStepsBindings
  extends Pick<IntegrateBindings, 'currents' | 'layer' | 'chunk' | 'channels' | 'membranes' | 'drive'> {
  readonly potentials: GPUBufferBinding;
}

/** Potentials after every step (`shaders/readout-steps.wgsl`). */
export const readoutSteps = (
  device: Device,
  neuron: NeuronLibrary,
  b: ReadoutStepsBindings,
  invocations: number,
): Promise<BoundKernel> =>
  bindKernel(
    device,
    kernelSource('readout-steps', ['lib/steps', neuronLibrary(neuron)]),
    neuronConditions(neuron),
    [b.currents, b.layer, b.chunk, b.channels, b.membranes, b.drive, b.potentials],
    invocations,
    1,
  );
