import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  const { handle } = device;
  const target = handle.createBuffer({
    label: 'read back',
    size: count * 4,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  const encoder = handle.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, offset, target, 0, count * 4);
  handle.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);
  const values = new Uint32Array(target.getMappedRange().slice(0));
  target.destroy();
  device.check();
  return values;
}
