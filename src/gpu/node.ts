import { type Checks, checkOptions, object, oneOf, TEXT } from '../checks.ts';
import { DeviceError, OptionError } from '../errors.ts';
import { type Assumption, type Device, type DeviceOptions, requestDevice } from './device.ts';

/** Environment variable that chooses the adapter where no option does. */
export const ADAPTER_VARIABLE = 'BSNN_ADAPTER';
/** Environment variable that says what the adapter is taken for where no option does. */
export const ASSUME_VARIABLE = 'BSNN_ASSUME';

const isText = (value: unknown): boolean => typeof value === 'string';

/** What each of `DeviceOptions` must be; empty texts stand for no choice, whatever the environment says. */
export const DEVICE_OPTIONS: Checks<DeviceOptions> = {
  adapter: { ...TEXT, accepts: isText },
  gpu: object('a WebGPU implementation', ({ requestAdapter }) => typeof requestAdapter === 'function'),
  assume: { ...oneOf('hardware'), accepts: (value) => value === 'hardware' || value === '' },
};

/**
 * Opens the best adapter: a discrete GPU where there is one, else whatever WebGPU offers, software drivers included.
 * In Node it loads the `webgpu` package, elsewhere it uses `navigator.gpu`.
 * @throws DeviceError `no-adapter`, with exit code 4; OptionError `assume`
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const given = checkOptions(options, DEVICE_OPTIONS);
  const assume = assumption(given.assume ?? environment(ASSUME_VARIABLE));
  const name = given.adapter ?? environment(ADAPTER_VARIABLE);
  const own = given.gpu ?? (globalThis as { navigator?: Navigator }).navigator?.gpu;
  const gpu = own ?? (await packageGpu(name));
  const ask = () => gpu.requestAdapter({ powerPreference: 'high-performance' });
  try {
    return await requestDevice(gpu, await (own ? ask() : askQuietly(ask)), assume, () => openDevice(options));
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    throw new DeviceError(
      'no-adapter',
      'WebGPU',
      oneLine((error as Error).message),
      `choose another adapter (--adapter, ${ADAPTER_VARIABLE})`,
      { cause: error },
    );
  }
}

/** Asks the package's native code, which prints warnings of no use on the process's standard error. */
async function askQuietly<T>(ask: () => T): Promise<Awaited<T>> {
  const { quietly } = await import('./quiet.ts');
  return await quietly(ask);
}

async function packageGpu(adapter: string | undefined): Promise<GPU> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  return create([...FLAGS, ...(adapter ? [`adapter=${adapter}`] : [])]);
}

/**
 * Matrix units are an experimental feature, which the implementation hides without the first; the second makes timestamps those of the
 * device, which are rounded to 65,536 ns otherwise.
 */
const FLAGS = ['enable-dawn-features=allow_unsafe_apis', 'disable-dawn-features=timestamp_quantization'];

/** What is assumed, checked: an empty text assumes nothing, whatever the environment says. */
function assumption(value: string | undefined): Assumption | undefined {
  if (!value) return undefined;
  if (value === 'hardware') return value;
  throw new OptionError('assume', 'assume', `"${value}" is not "hardware"`, `correct it, or leave it out (${ASSUME_VARIABLE})`);
}

/** A variable of the environment, where there is one. */
const environment = (name: string): string | undefined => (typeof process === 'undefined' ? undefined : process.env[name]);

/** The driver layer's list of adapters, an adapter a line, as a sentence. */
const oneLine = (message: string): string =>
  message
    .split('\n')
    .map((line) => line.trim().replace(/^\* /, ''))
    .filter((line) => line !== '')
    .join('; ');
