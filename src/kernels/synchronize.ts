import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';
import { sources } from './sources.ts';

/** The buffers of one dispatch; see `shaders/synchronize.wgsl`. */
export interface SynchronizeBindings {
  readonly spikes: GPUBufferBinding;
  readonly line: GPUBufferBinding;
  readonly chunk: GPUBufferBinding;
}

const source = kernelSource('synchronize', ['lib/steps']);

/** Layout of the kernel's parameters. */
export const delayLineParameters = structLayout([sources.synchronize], 'DelayLine');

/** A row of synchronous neurons (`shaders/synchronize.wgsl`). */
export const synchronize = (device: Device, b: SynchronizeBindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.spikes, b.line, b.chunk], invocations, 1);
