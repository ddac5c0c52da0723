import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';
import { sources } from './sources.ts';

/** What is taken over a window: see `shaders/pool-spikes.wgsl`. */
export type PoolRule = 'sum' | 'word' | 'count';

/** The buffers of one dispatch. */
export interface PoolSpikesBindings {
  readonly spikes: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly chunk: GPUBufferBinding;
}

const source = kernelSource('pool-spikes', ['lib/steps']);

/** Layout of the kernel's parameters. */
export const poolSpikesParameters = structLayout([sources['pool-spikes']], 'PoolSpikes');

/** Passes spikes of windows on (`shaders/pool-spikes.wgsl`). */
export const poolSpikes = (device: Device, rule: PoolRule, b: PoolSpikesBindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, source, { sum: rule === 'sum', byCount: rule === 'count' }, [b.spikes, b.layer, b.chunk], invocations, 1);
