import type { Device } from '../gpu/device.ts';
import type { IntegrateBindings } from './integrate.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';

/** The buffers of one dispatch; see `shaders/flip.wgsl`. */
export type FlipBindings = Pick<IntegrateBindings, 'spikes' | 'layer' | 'chunk' | 'membranes'>;

const source = kernelSource('flip', ['lib/steps']);

/** A window's end: clamp and state (`shaders/flip.wgsl`). */
export const flip = (device: Device, b: FlipBindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.spikes, b.layer, b.chunk, b.membranes], invocations, 1);
