import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';
import { sources } from './sources.ts';

/** The buffers of one dispatch; see `shaders/pool.wgsl`. */
export interface PoolBindings {
  readonly words: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly batch: GPUBufferBinding;
}

const source = kernelSource('pool', ['lib/layer']);

/** Layout of the kernel's parameters. */
export const poolParameters = structLayout([sources.pool], 'Pool');

/** Maximum or sum of words over windows (`shaders/pool.wgsl`). */
export const pool = (device: Device, maximum: boolean, b: PoolBindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, source, { maximum }, [b.words, b.layer, b.batch], invocations, 1);
