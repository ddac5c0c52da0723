import type { Device } from '../gpu/device.ts';
import { structLayout } from '../gpu/shader.ts';
import type { LayerSums } from '../network/diagnosis.ts';
import { type BoundKernel, bindKernel, kernelSource, WORKGROUP } from './kernel.ts';
import { sources } from './sources.ts';

/** The buffers of one dispatch; see `shaders/diagnose.wgsl`. */
export interface DiagnoseBindings {
  readonly cells: GPUBufferBinding;
  readonly counts: GPUBufferBinding;
  readonly decoded: GPUBufferBinding;
  readonly fanOut: GPUBufferBinding;
  readonly layer: GPUBufferBinding;
  readonly batch: GPUBufferBinding;
  readonly partials: GPUBufferBinding;
}

const source = kernelSource('diagnose', ['lib/layer']);

/** Layout of the kernel's parameters. */
export const diagnoseParameters = structLayout([sources.diagnose], 'Diagnose');

/** Pairs of a neuron and an image that one invocation looks at. */
const PAIRS = 64;

/** Members of a `Partial`, in the shader's order: first the integers, then f32. */
export const PARTIAL = [
  'inactive',
  'sin',
  'spiking',
  'saturated',
  'spikes',
  'operationsLow',
  'operationsHigh',
  'activation',
  'activationSquare',
  'decoded',
  'decodedSquare',
  'product',
  'absoluteError',
] as const;

/** Bytes of the partial sums of one workgroup. */
export const PARTIAL_BYTES = PARTIAL.length * 4;

const FIRST_REAL = PARTIAL.indexOf('activation');

/** Workgroups, hence partial sums, of a layer. */
export const diagnoseWorkgroups = (neurons: number, batch: number): number => Math.ceil((neurons * batch) / (PAIRS * WORKGROUP));

/** The bits of an f32, for parameter structs, which hold integers. */
export const floatBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** One layer against the trained network, as partial sums of each workgroup (`shaders/diagnose.wgsl`). */
export const diagnose = (device: Device, b: DiagnoseBindings, workgroups: number): Promise<BoundKernel> =>
  bindKernel(device, source, {}, [b.cells, b.counts, b.decoded, b.fanOut, b.layer, b.batch, b.partials], workgroups * WORKGROUP, 1);

/** The sums of all partials, in double precision. */
export function addPartials(partials: ArrayBuffer): LayerSums {
  const integers = new Uint32Array(partials);
  const reals = new Float32Array(partials);
  const sums = Object.fromEntries(PARTIAL.map((name) => [name, 0])) as Record<(typeof PARTIAL)[number], number>;
  for (let at = 0; at < integers.length; at += PARTIAL.length) {
    PARTIAL.forEach((name, i) => {
      sums[name] += i < FIRST_REAL ? integers[at + i] : reals[at + i];
    });
  }
  const { operationsLow, operationsHigh, ...rest } = sums;
  return { ...rest, operations: operationsHigh * 2 ** 32 + operationsLow };
}
