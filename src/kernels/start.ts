import type { Device } from '../gpu/device.ts';
import type { IntegrateBindings } from './integrate.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';

/** The buffers of one dispatch; see `shaders/start.wgsl`. */
export type StartBindings = Pick<IntegrateBindings, 'membranes' | 'layer' | 'chunk' | 'channels'>;

const source = kernelSource('start', ['lib/steps']);

/** Membranes before the first step (`shaders/start.wgsl`). */
export const start = (device: Device, b: StartBindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.membranes, b.layer, b.chunk, b.channels], invocations, 1);
