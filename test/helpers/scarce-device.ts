import { vi } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { smallDevice } from './small-device.ts';

/** A device that has no memory for pixels of more bytes, as WebGPU says so; to be disposed of by the caller. */
export async function scarceDevice(most: number): Promise<Device> {
  const scarce = await smallDevice({});
  const { handle } = scarce;
  const create = handle.createBuffer.bind(handle);
  const pop = handle.popErrorScope.bind(handle);
  let refused = false;
  vi.spyOn(handle, 'createBuffer').mockImplementation((descriptor) => {
    if (descriptor.label !== 'pixels' || descriptor.size <= most) return create(descriptor);
    refused = true;
    // a buffer that failed has the size that was asked for
    return Object.defineProperty(create({ ...descriptor, size: 16 }), 'size', { value: descriptor.size });
  });
  vi.spyOn(handle, 'popErrorScope').mockImplementation(async () => {
    const error = refused ? ({ message: 'no memory for the pixels' } as GPUError) : null;
    refused = false;
    await pop();
    return error;
  });
  return scarce;
}
