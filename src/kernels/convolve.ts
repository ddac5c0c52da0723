import type { Device } from '../gpu/device.ts';
import { type Arithmetic, arithmeticConditions } from './accumulate.ts';
import { type BoundKernel, bindKernel, kernelSource, WORKGROUP } from './kernel.ts';

/** Which code computes the sums; all variants give the same bits. */
export interface ConvolveVariant {
  /** Weights through the constant path (at most 64 KiB a dispatch) instead of storage. */
  readonly uniformWeights: boolean;
  readonly arithmetic: Arithmetic;
}

/** The buffers of one dispatch; see `shaders/convolve.wgsl`. */
export interface ConvolveBindings {
  readonly spikes: GPUBufferBinding;
  /** As `packWeights` lays them out. */
  readonly weights: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly chunk: GPUBufferBinding;
  readonly channels: GPUBufferBinding;
  readonly currents: GPUBufferBinding;
}

const source = kernelSource('convolve', ['lib/broadcast', 'lib/steps', 'lib/bytes', 'lib/tap', 'lib/spike-sums']);

/** Spikes of a chunk → currents, densely (`shaders/convolve.wgsl`). */
export const convolve = (
  device: Device,
  { arithmetic, uniformWeights }: ConvolveVariant,
  b: ConvolveBindings,
  invocations: number,
  tiles: number,
): Promise<BoundKernel> =>
  bindKernel(
    device,
    source,
    { uniformWeights, ...arithmeticConditions(arithmetic), broadcast: uniformWeights && device.broadcast },
    [b.spikes, b.weights, b.layer, b.chunk, b.channels, b.currents],
    invocations,
    tiles,
    device.broadcast ? device.subgroupSize : WORKGROUP,
  );
