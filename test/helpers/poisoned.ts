import { create, globals } from 'webgpu';
import type { Device, DeviceOptions } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';

/** Bytes behind the end of every buffer. */
const SLACK = 2 ** 14;
/** What everything that nobody wrote holds, in every byte. */
const POISON = 0xff;

/**
 * A device on which whatever is read without having been written is all ones: buffers are filled before they are handed out, are longer than they
 * were asked for, and clearing one leaves what is behind its end. An index beyond a binding finds its last entry, a buffer's poison or a
 * range's own, where other devices give 0 (the toggle: the driver then does not check, and shaders clamp).
 */
export async function openPoisoned(options: Pick<DeviceOptions, 'assume'> = {}): Promise<Device> {
  Object.assign(globalThis, globals);
  const gpu = create([...FLAGS, ...adapterFlags()]);
  const device = await openDevice({ ...options, gpu });
  poison(device.handle);
  return device;
}

const FLAGS = ['enable-dawn-features=allow_unsafe_apis', 'disable-dawn-features=vulkan_use_buffer_robust_access_2'];
const adapterFlags = (): string[] => (process.env.BSNN_ADAPTER ? [`adapter=${process.env.BSNN_ADAPTER}`] : []);

function poison(handle: GPUDevice): void {
  const asked = new WeakMap<GPUBuffer, number>();
  const createBuffer = handle.createBuffer.bind(handle);
  const createCommandEncoder = handle.createCommandEncoder.bind(handle);
  handle.createBuffer = (descriptor) => {
    if (!(descriptor.usage & GPUBufferUsage.STORAGE)) return createBuffer(descriptor);
    const buffer = createBuffer({ ...descriptor, size: descriptor.size + SLACK });
    handle.queue.writeBuffer(buffer, 0, new Uint8Array(buffer.size).fill(POISON));
    asked.set(buffer, descriptor.size);
    return buffer;
  };
  handle.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor);
    const clearBuffer = encoder.clearBuffer.bind(encoder);
    encoder.clearBuffer = (buffer: GPUBuffer, offset = 0, size = (asked.get(buffer) ?? buffer.size) - offset) =>
      clearBuffer(buffer, offset, size);
    return encoder;
  };
}
