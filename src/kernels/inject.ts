import type { Device } from '../gpu/device.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';

/** The buffers of one dispatch; see `shaders/inject.wgsl`. */
export interface InjectBindings {
  /** Pixels as words, by `encode`. */
  readonly words: GPUBufferBinding;
  readonly weights: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly chunk: GPUBufferBinding;
  readonly channels: GPUBufferBinding;
  readonly drive: GPUBufferBinding;
}

const source = kernelSource('inject', ['lib/steps']);

/** Image → drive, once a batch (`shaders/inject.wgsl`). */
export const inject = (device: Device, b: InjectBindings, invocations: number, tiles: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.words, b.weights, b.layer, b.chunk, b.channels, b.drive], invocations, tiles);
