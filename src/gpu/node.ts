import { DeviceError } from '../errors.ts';
import { type Device, type DeviceOptions, requestDevice } from './device.ts';

/** Environment variable that chooses the adapter where no option does. */
export const ADAPTER_VARIABLE = 'BSNN_ADAPTER';

/**
 * Opens the best adapter: a discrete GPU where there is one, else whatever WebGPU offers, software drivers included.
 * In Node it loads the `webgpu` package, elsewhere it uses `navigator.gpu`.
 * @throws DeviceError `no-adapter`, with exit code 4
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const name = options.adapter ?? environment(ADAPTER_VARIABLE);
  const gpu = options.gpu ?? (await platformGpu(name));
  try {
    return await requestDevice(gpu, await gpu.requestAdapter({ powerPreference: 'high-performance' }));
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    throw new DeviceError(
      'no-adapter',
      'WebGPU',
      (error as Error).message.trim(),
      `choose another adapter (--adapter, ${ADAPTER_VARIABLE})`,
      { cause: error },
    );
  }
}

async function platformGpu(adapter: string | undefined): Promise<GPU> {
  const own = (globalThis as { navigator?: Navigator }).navigator?.gpu;
  if (own) return own;
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  return create([...FLAGS, ...(adapter ? [`adapter=${adapter}`] : [])]);
}

/** Matrix units are an experimental feature, which the implementation hides without this. */
const FLAGS = ['enable-dawn-features=allow_unsafe_apis'];

/** A variable of the environment, where there is one. */
const environment = (name: string): string | undefined => (typeof process === 'undefined' ? undefined : process.env[name]);
