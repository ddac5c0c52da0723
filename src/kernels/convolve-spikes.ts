import type { Device } from '../gpu/device.ts';
import type { ConvolveBindings } from './convolve.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';

/** The buffers of one dispatch; weights as `packEvents` lays them out. */
export type ConvolveSpikesBindings = Omit<ConvolveBindings, 'weights'> & { readonly events: GPUBufferBinding };

const source = kernelSource('convolve-spikes', ['lib/steps']);

/** Spikes of a chunk → currents, driven by the spikes (`shaders/convolve-spikes.wgsl`). */
export const convolveSpikes = (device: Device, b: ConvolveSpikesBindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.spikes, b.events, b.layer, b.chunk, b.channels, b.currents], invocations, 1);
