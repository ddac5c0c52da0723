import { DeviceError } from '../errors.ts';
import type { Device } from './device.ts';
import { compile, type Shader } from './pipelines.ts';

/** Invocations of a workgroup, where a shader does not leave it to the host. */
export const WORKGROUP = 64;
/** Workgroups that one dimension takes on every device; more are folded into z. */
const MAX_WORKGROUPS = 65535;

/** Bindings of a part of a buffer may start at multiples of this on every device. */
export const ALIGNMENT = 256;
/** Bytes, rounded up to where the next binding may start. */
export const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** How much of a kernel there is to do. */
export interface Extent {
  /** Along x; folded where one dimension does not take them. */
  readonly invocations: number;
  /** Workgroups along y. */
  readonly tiles: number;
  /** Invocations of a workgroup; given for shaders that declare `workgroupSize` only. */
  readonly workgroup?: number | undefined;
}

/** A pipeline with its resources, ready to be dispatched: made once, used for every batch. */
export interface BoundKernel {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Compiles a shader (or takes it from the cache) and binds its buffers by the names that it declares.
 * @param buffers what each name stands for; more than the shader declares do no harm
 * @throws DeviceError where the shader declares a name that none of the buffers has
 */
export async function bind(
  device: Device,
  shader: Shader,
  buffers: Readonly<Record<string, GPUBufferBinding | undefined>>,
  { invocations, tiles, workgroup }: Extent,
): Promise<BoundKernel> {
  const { pipeline, layout } = await compile(device, shader, workgroup === undefined ? {} : { workgroupSize: workgroup });
  const entries = shader.bindings.map(({ binding, name }) => {
    const resource = buffers[name];
    if (resource) return { binding, resource };
    throw new DeviceError('shader', `kernel ${shader.name}`, `nothing is bound to "${name}"`, 'this is a fault of the library');
  });
  const group = device.handle.createBindGroup({ label: shader.name, layout, entries });
  const count = Math.ceil(invocations / (workgroup ?? WORKGROUP));
  const fold = Math.ceil(count / MAX_WORKGROUPS);
  return { name: shader.name, pipeline, group, workgroups: [Math.ceil(count / fold), tiles, fold] };
}

/** Encodes one dispatch. */
export function dispatch(pass: GPUComputePassEncoder, kernel: BoundKernel): void {
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.group);
  pass.dispatchWorkgroups(...kernel.workgroups);
}
