import { create, globals } from 'webgpu';
import type { Device, DeviceOptions } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';

/** Bytes behind the end of every buffer. */
const SLACK = 2 ** 14;
/** What everything that nobody wrote holds, in every byte. */
const POISON = 0xff;

interface PoisonOptions extends Pick<DeviceOptions, 'assume'> {
  /** Poison lies behind the ends alone: buffers are zeroed as WebGPU promises. */
  readonly zeroed?: boolean;
}

/**
 * A device on which whatever is read without having been written is all ones: buffers are filled before they are handed out, are longer than they
 * were asked for, and clearing one leaves what is behind its end. An index beyond a binding finds its last entry, a buffer's poison or a
 * range's own, where other devices give 0 (the toggle: the driver then does not check, and shaders clamp).
 */
export async function openPoisoned({ zeroed = false, ...options }: PoisonOptions = {}): Promise<Device> {
  Object.assign(globalThis, globals);
  const gpu = create([...FLAGS, ...adapterFlags()]);
  const device = await openDevice({ ...options, gpu });
  poison(device.handle, zeroed);
  return device;
}

const FLAGS = ['enable-dawn-features=allow_unsafe_apis', 'disable-dawn-features=vulkan_use_buffer_robust_access_2'];
const adapterFlags = (): string[] => (process.env.BSNN_ADAPTER ? [`adapter=${process.env.BSNN_ADAPTER}`] : []);

function poison(handle: GPUDevice, zeroed: boolean): void {
  const asked = new WeakMap<GPUBuffer, number>();
  const createBuffer = handle.createBuffer.bind(handle);
  const createCommandEncoder = handle.createCommandEncoder.bind(handle);
  handle.createBuffer = (descriptor) => {
    if (!(descriptor.usage & GPUBufferUsage.STORAGE)) return createBuffer(descriptor);
    const buffer = createBuffer({ ...descriptor, size: descriptor.size + SLACK });
    const from = zeroed ? descriptor.size : 0;
    handle.queue.writeBuffer(buffer, from, new Uint8Array(buffer.size - from).fill(POISON));
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
