import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import { type BoundKernel, bindKernel, kernelSource, WORKGROUP } from './kernel.ts';
import { sources } from './sources.ts';

/** Which code computes the sums; all variants give the same bits. */
export interface AccumulateVariant {
  /** Weights through the constant path (at most 64 KiB a dispatch) instead of storage. */
  readonly uniformWeights: boolean;
  /** Packed 4 × 8-bit dot products instead of f32 multiply-adds. */
  readonly packedDot: boolean;
  /** Membranes of the last wave are written out. */
  readonly keepMembranes: boolean;
}

/** The buffers of one dispatch; see `shaders/accumulate.wgsl`. */
export interface AccumulateBindings {
  readonly words: GPUBufferBinding;
  readonly weights: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly batch: GPUBufferBinding;
  readonly channels: GPUBufferBinding;
  readonly counters: GPUBufferBinding;
  /** With `keepMembranes`. */
  readonly membranes: GPUBufferBinding;
}

const source = kernelSource('accumulate', ['lib/broadcast', 'lib/layer', 'lib/bytes']);

/** Layout of `Layer`, the parameters of accumulate and readout. */
export const layerParameters = structLayout([sources['lib/layer']], 'Layer');

/** One layer of bistable neurons, all images and waves (`shaders/accumulate.wgsl`). */
export function accumulate(
  device: Device,
  variant: AccumulateVariant,
  b: AccumulateBindings,
  invocations: number,
  tiles: number,
): Promise<BoundKernel> {
  const resources = [b.words, b.weights, b.layer, b.batch, b.channels, b.counters];
  if (variant.keepMembranes) resources.push(b.membranes);
  return bindKernel(
    device,
    source,
    { ...variant, broadcast: variant.uniformWeights && device.broadcast },
    resources,
    invocations,
    tiles,
    device.broadcast ? device.subgroupSize : WORKGROUP,
  );
}
