import { DeviceError } from '../errors.ts';
import type { Device } from './device.ts';

/** A buffer that a shader declares. */
export interface Binding {
  readonly binding: number;
  readonly name: string;
  readonly type: GPUBufferBindingType;
}

/** A shader as a device gets it: nothing is left open. */
export interface Shader {
  /** File in `shaders/`. */
  readonly name: string;
  /** Final WGSL; its entry point is named as the file is. */
  readonly code: string;
  /** What the code declares. */
  readonly bindings: readonly Binding[];
}

/** A compiled shader, and how its buffers are bound. */
export interface Pipeline {
  readonly shader: Shader;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Values of a shader's `override` constants. */
export type Constants = Readonly<Record<string, number>>;

/** Compiled pipelines of a device by what they are made of; goes with it. */
const caches = new WeakMap<GPUDevice, Map<string, Promise<Pipeline>>>();

/**
 * The pipeline of a shader with its constants; compiled once a device: equal text is one pipeline.
 * @throws DeviceError naming the kernel, line and reason where the shader is not valid
 */
export function compile(device: Device, shader: Shader, constants: Constants = {}): Promise<Pipeline> {
  const cache = caches.get(device.handle) ?? new Map<string, Promise<Pipeline>>();
  caches.set(device.handle, cache);
  const key = `${JSON.stringify(constants)}\n${shader.code}`;
  const pipeline = cache.get(key) ?? create(device, shader, constants);
  cache.set(key, pipeline);
  return pipeline;
}

async function create(device: Device, shader: Shader, constants: Constants): Promise<Pipeline> {
  const { name, code, bindings } = shader;
  const { handle } = device;
  const module = handle.createShaderModule({ label: name, code });
  const { messages } = await module.getCompilationInfo();
  const error = messages.find((message) => message.type === 'error');
  if (error) {
    const line = code.split('\n')[error.lineNum - 1]?.trim() ?? '';
    throw fault(name, `${error.message} in \`${line}\``);
  }
  const entries = bindings.map(({ binding, type }) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }));
  const layout = handle.createBindGroupLayout({ label: name, entries });
  try {
    const pipeline = await handle.createComputePipelineAsync({
      label: name,
      layout: handle.createPipelineLayout({ label: name, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: entryPoint(name), constants },
    });
    return { shader, pipeline, layout };
  } catch (cause) {
    throw fault(name, (cause as Error).message, { cause });
  }
}

const fault = (kernel: string, what: string, options?: ErrorOptions): DeviceError =>
  new DeviceError('shader', `kernel ${kernel}`, what, 'this is a fault of the library; please report it', options);

/** Files are named-like-this, WGSL functions namedLikeThis. */
const entryPoint = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
