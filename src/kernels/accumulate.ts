import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import { type BoundKernel, bindKernel, kernelSource, WORKGROUP } from './kernel.ts';
import { sources } from './sources.ts';

/** How currents are multiplied and added; all give the same bits (`shaders/lib/bytes.wgsl`). */
export type Arithmetic = 'packed' | 'halves' | 'integers' | 'f32';

/** What of the shader is compiled. */
export interface AccumulateVariant {
  readonly arithmetic: Arithmetic;
  /** Weights through the constant path (at most 64 KiB a dispatch) instead of storage. */
  readonly uniformWeights: boolean;
  /** The channel table through the constant path. */
  readonly uniformTable: boolean;
  /** Membranes of the last wave are written out. */
  readonly keepMembranes: boolean;
  /** The ways of summing that the layer's terms need (`plan/words/ways`). */
  readonly rows: boolean;
  readonly deep: boolean;
  readonly window: boolean;
  readonly identity: boolean;
  /** All terms read the pixels: their sums serve every wave. */
  readonly pixels: boolean;
  /** Some term reads the pixels, whose padding is not 0. */
  readonly padded: boolean;
  /** The pixels have three channels and are all that is read. */
  readonly three: boolean;
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

const source = kernelSource('accumulate', ['lib/broadcast', 'lib/layer', 'lib/bytes', 'lib/neurons', 'lib/tap', 'lib/sums']);

/** Layout of `Layer`, the parameters of accumulate and readout. */
export const layerParameters = structLayout([sources['lib/layer']], 'Layer');

/** The conditions of `lib/bytes`. @param three the fourth channel of every block is empty */
export const arithmeticConditions = (arithmetic: Arithmetic, three = false) => ({
  three,
  packedDot: arithmetic === 'packed',
  integers: arithmetic === 'integers' || arithmetic === 'halves',
  halves: arithmetic === 'halves',
});

/** The bound buffers in the order of their numbers, which all forms of accumulate share. */
export const accumulateResources = (b: AccumulateBindings, keepMembranes: boolean): GPUBufferBinding[] => [
  ...[b.words, b.weights, b.layer, b.batch, b.channels, b.counters],
  ...(keepMembranes ? [b.membranes] : []),
];

/** One layer of bistable neurons, all images and waves (`shaders/accumulate.wgsl`). */
export function accumulate(
  device: Device,
  { arithmetic, ...variant }: AccumulateVariant,
  bindings: AccumulateBindings,
  invocations: number,
  tiles: number,
): Promise<BoundKernel> {
  return bindKernel(
    device,
    source,
    { ...variant, ...arithmeticConditions(arithmetic, variant.three), broadcast: device.broadcast },
    accumulateResources(bindings, variant.keepMembranes),
    invocations,
    tiles,
    device.broadcast ? device.subgroupSize : WORKGROUP,
  );
}
