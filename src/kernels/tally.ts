import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';
import { sources } from './sources.ts';

/** The buffers of one dispatch; see `shaders/tally.wgsl`. */
export interface TallyBindings {
  readonly words: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly batch: GPUBufferBinding;
  readonly counts: GPUBufferBinding;
  readonly decoded: GPUBufferBinding;
}

const source = kernelSource('tally', ['lib/layer']);

/** Layout of the kernel's parameters. */
export const tallyParameters = structLayout([sources.tally], 'Tally');

/** Words of one layer → spikes of each neuron and the sum of their weights (`shaders/tally.wgsl`). */
export const tally = (device: Device, b: TallyBindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.words, b.layer, b.batch, b.counts, b.decoded], invocations, 1);
