import type { Device } from '../gpu/device.ts';
import { type Constants, compile, type KernelSource } from '../gpu/pipelines.ts';
import type { Conditions, StructLayout, StructValues } from '../gpu/shader.ts';
import { sources } from './sources.ts';

/** Invocations of a workgroup, where a kernel does not say otherwise. */
export const WORKGROUP = 64;
/** Workgroups that one dimension takes on every device; more are folded into z. */
const MAX_WORKGROUPS = 65535;

/** A kernel's text from `shaders/`, with the libraries it stands on. */
export function kernelSource(name: string, libraries: readonly string[]): KernelSource {
  return { name, text: sources[name], libraries: libraries.map((library) => ({ name: library, text: sources[library] })) };
}

/** A pipeline with its resources, ready to be dispatched: made once, used for every batch. */
export interface BoundKernel {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Compiles a kernel (or takes it from the cache) and binds its resources, by binding number.
 * @param resources null: a binding that the conditions leave out
 * @param invocations along x; folded where one dimension does not take them
 * @param tiles workgroups along y
 * @param workgroup invocations of a workgroup; other than the default only for shaders that declare `workgroupSize`
 */
export async function bindKernel(
  device: Device,
  source: KernelSource,
  conditions: Conditions,
  resources: readonly (GPUBufferBinding | null)[],
  invocations: number,
  tiles: number,
  workgroup = WORKGROUP,
): Promise<BoundKernel> {
  const constants: Constants = workgroup === WORKGROUP ? {} : { workgroupSize: workgroup };
  const pipeline = await compile(device, source, conditions, constants);
  const group = device.handle.createBindGroup({
    label: source.name,
    layout: pipeline.getBindGroupLayout(0),
    entries: resources.flatMap((resource, binding) => (resource ? [{ binding, resource }] : [])),
  });
  const count = Math.ceil(invocations / workgroup);
  const fold = Math.ceil(count / MAX_WORKGROUPS);
  return { name: source.name, pipeline, group, workgroups: [Math.ceil(count / fold), tiles, fold] };
}

/** Encodes one dispatch. */
export function dispatch(pass: GPUComputePassEncoder, kernel: BoundKernel): void {
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.group);
  pass.dispatchWorkgroups(...kernel.workgroups);
}

/** Offsets of uniform bindings must be multiples of this on every device. */
const ALIGNMENT = 256;

/** The parameter structs of all dispatches, one behind the other, each where a uniform binding may start. */
export function packParameters(structs: readonly { readonly layout: StructLayout; readonly parameters: StructValues }[]): {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly offsets: readonly number[];
} {
  const offsets: number[] = [];
  let end = 0;
  for (const { layout } of structs) {
    offsets.push(end);
    end += Math.ceil(layout.size / ALIGNMENT) * ALIGNMENT;
  }
  const data = new Uint8Array(end);
  structs.forEach(({ layout, parameters }, i) => {
    layout.write(new DataView(data.buffer, offsets[i]), parameters);
  });
  return { data, offsets };
}
