import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import { type BoundKernel, bindKernel, kernelSource, WORKGROUP } from './kernel.ts';
import { sources } from './sources.ts';

/** The kernels of the trained network (`shaders/ann-*.wgsl`, `shaders/histogram.wgsl`): parameters and bindings. */

const library = ['lib/layer'];
const encodeSource = kernelSource('ann-encode', library);
const convolveSource = kernelSource('ann-convolve', ['lib/broadcast', ...library]);
const poolSource = kernelSource('ann-pool', library);
const histogramSource = kernelSource('histogram', library);

/** Layouts of the kernels' parameters. */
export const annParameters = {
  'ann-encode': structLayout([sources['ann-encode']], 'AnnEncode'),
  'ann-convolve': structLayout([sources['lib/layer'], sources['ann-convolve']], 'AnnLayer'),
  'ann-pool': structLayout([sources['ann-pool']], 'AnnPool'),
  histogram: structLayout([sources.histogram], 'Histogram'),
} as const;

/** What all four kernels read. */
interface Bindings {
  readonly cells: GPUBufferBinding;
  readonly parameters: GPUBufferBinding;
  readonly batch: GPUBufferBinding;
}

/** Pixels → normalised activations. */
export const annEncode = (
  device: Device,
  b: Bindings & { readonly pixels: GPUBufferBinding; readonly normalization: GPUBufferBinding },
  invocations: number,
): Promise<BoundKernel> =>
  bindKernel(device, encodeSource, {}, [b.cells, b.pixels, b.parameters, b.batch, b.normalization], invocations, 1);

/** One layer: weighted terms, bias, ReLU. */
export const annConvolve = (
  device: Device,
  uniformWeights: boolean,
  b: Bindings & { readonly weights: GPUBufferBinding; readonly channels: GPUBufferBinding },
  invocations: number,
  tiles: number,
): Promise<BoundKernel> =>
  bindKernel(
    device,
    convolveSource,
    { uniformWeights, broadcast: uniformWeights && device.broadcast },
    [b.cells, b.weights, b.parameters, b.batch, b.channels],
    invocations,
    tiles,
    device.broadcast ? device.subgroupSize : WORKGROUP,
  );

/** Maximum or mean over windows. */
export const annPool = (device: Device, maximum: boolean, b: Bindings, invocations: number): Promise<BoundKernel> =>
  bindKernel(device, poolSource, { maximum }, [b.cells, b.parameters, b.batch], invocations, 1);

/** Distribution of a layer's positive activations. */
export const histogram = (
  device: Device,
  b: Bindings & { readonly bins: GPUBufferBinding },
  invocations: number,
): Promise<BoundKernel> => bindKernel(device, histogramSource, {}, [b.cells, b.parameters, b.batch, b.bins], invocations, 1);
