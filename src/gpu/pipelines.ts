import { DeviceError } from '../errors.ts';
import type { Device } from './device.ts';
import { type Conditions, preprocess } from './shader.ts';

/** A kernel: one .wgsl file of `shaders/` with the libraries it stands on. */
export interface KernelSource {
  /** File and entry point. */
  readonly name: string;
  readonly text: string;
  readonly libraries: readonly { readonly name: string; readonly text: string }[];
}

/** Compiled pipelines of a device; goes with it. */
const caches = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>();

/** The final WGSL of a kernel under the given conditions. */
export function kernelText(source: KernelSource, conditions: Conditions): string {
  return [...source.libraries, source].map((part) => preprocess(part.name, part.text, conditions)).join('\n');
}

/** Values of a shader's `override` constants. */
export type Constants = Readonly<Record<string, number>>;

/**
 * The pipeline of a kernel under the given conditions and constants; compiled once a device.
 * @throws DeviceError naming the kernel, line and reason where the shader is not valid
 */
export function compile(
  device: Device,
  source: KernelSource,
  conditions: Conditions = {},
  constants: Constants = {},
): Promise<GPUComputePipeline> {
  const cache = caches.get(device.handle) ?? new Map<string, Promise<GPUComputePipeline>>();
  caches.set(device.handle, cache);
  const key = `${source.name} ${JSON.stringify(Object.entries({ ...conditions, ...constants }).sort())}`;
  const pipeline = cache.get(key) ?? create(device, source, conditions, constants, key);
  cache.set(key, pipeline);
  return pipeline;
}

async function create(
  device: Device,
  source: KernelSource,
  conditions: Conditions,
  constants: Constants,
  label: string,
): Promise<GPUComputePipeline> {
  const code = kernelText(source, conditions);
  const module = device.handle.createShaderModule({ label, code });
  const { messages } = await module.getCompilationInfo();
  const error = messages.find((message) => message.type === 'error');
  if (error) {
    const line = code.split('\n')[error.lineNum - 1]?.trim() ?? '';
    throw new DeviceError(
      'shader',
      `kernel ${label}`,
      `${error.message} in \`${line}\``,
      'this is a fault of the library; please report it',
    );
  }
  try {
    return await device.handle.createComputePipelineAsync({
      label,
      layout: 'auto',
      compute: { module, entryPoint: entryPoint(source.name), constants },
    });
  } catch (cause) {
    throw new DeviceError(
      'shader',
      `kernel ${label}`,
      (cause as Error).message,
      'this is a fault of the library; please report it',
      { cause },
    );
  }
}

/** Files are named-like-this, WGSL functions namedLikeThis. */
const entryPoint = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
