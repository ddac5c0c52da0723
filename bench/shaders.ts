import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BoundKernel, bind } from '../src/gpu/bind.ts';
import { readBuffer } from '../src/gpu/buffers.ts';
import type { Device } from '../src/gpu/device.ts';
import { type Conditions, preprocess } from '../src/gpu/shader.ts';
import { ROOT } from './root.ts';

// from the checkout: this file may run compiled, where scripts are not
const scripts: typeof import('../scripts/embed-shaders.mjs') = await import(
  pathToFileURL(join(ROOT, 'scripts/embed-shaders.mjs')).href
);

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
  const code = preprocess(name, text, conditions);
  const bindings = scripts.bindingsOf(code).map(({ binding, name: of, type }) => ({ binding, name: of, type }));
  const named = bindings.map(({ binding, name: of }) => [of, buffers[binding] && { buffer: buffers[binding] }]);
  return bind(device, { name, code, bindings }, Object.fromEntries(named), { invocations, tiles: 1 });
}

/** Reads the first `count` u32 of a storage buffer back. */
export async function readBack(device: Device, buffer: GPUBuffer, count: number, offset = 0): Promise<Uint32Array> {
  return new Uint32Array(await readBuffer(device, buffer, offset, count * 4));
}
