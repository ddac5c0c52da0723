import type { Device } from '../gpu/device.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';

/** The buffers of one dispatch; see `shaders/readout.wgsl`. Its parameters are those of `accumulate`. */
export interface ReadoutBindings {
  readonly words: GPUBufferBinding;
  readonly weights: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly batch: GPUBufferBinding;
  readonly channels: GPUBufferBinding;
  readonly potentials: GPUBufferBinding;
}

const source = kernelSource('readout', ['lib/layer']);

/** The last layer: potentials after every step that brings spikes (`shaders/readout.wgsl`). */
export const readout = (device: Device, b: ReadoutBindings, invocations: number, tiles: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.words, b.weights, b.layer, b.batch, b.channels, b.potentials], invocations, tiles);
