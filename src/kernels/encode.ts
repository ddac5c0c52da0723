import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';
import { sources } from './sources.ts';

/** The buffers of one dispatch; see `shaders/encode.wgsl`. */
export interface EncodeBindings {
  readonly words: GPUBufferBinding;
  readonly pixels: GPUBufferBinding;
  readonly input: GPUBufferBinding;
  readonly batch: GPUBufferBinding;
}

const source = kernelSource('encode', ['lib/layer']);

/** Layout of the kernel's parameters. */
export const encodeParameters = structLayout([sources.encode], 'Encode');

/** Pixels → words of the input (`shaders/encode.wgsl`). */
export const encode = (device: Device, b: EncodeBindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.words, b.pixels, b.input, b.batch], invocations, 1);
