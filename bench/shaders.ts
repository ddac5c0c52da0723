import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBuffer } from '../src/gpu/buffers.ts';
import type { Device } from '../src/gpu/device.ts';
import type { Conditions } from '../src/gpu/shader.ts';
import { type BoundKernel, bindKernel } from '../src/kernels/kernel.ts';
import { ROOT } from './root.ts';

/**
 * A micro-benchmark of `bench/shaders/`: compiled under the conditions, its buffers bound by number.
 * @throws DeviceError naming kernel and line where the shader is not valid
 */
export function benchKernel(
  device: Device,
  name: string,
  conditions: Conditions,
  buffers: readonly GPUBuffer[],
  invocations: number,
): Promise<BoundKernel> {
  const text = readFileSync(join(ROOT, 'bench/shaders', `${name}.wgsl`), 'utf8');
  return bindKernel(
    device,
    { name, text, libraries: [] },
    conditions,
    buffers.map((buffer) => ({ buffer })),
    invocations,
    1,
  );
}

/** Reads the first `count` u32 of a storage buffer back. */
export async function readBack(device: Device, buffer: GPUBuffer, count: number, offset = 0): Promise<Uint32Array> {
  return new Uint32Array(await readBuffer(device, buffer, offset, count * 4));
}
