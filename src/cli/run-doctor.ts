import { driverAdvice, type Machine, thisMachine } from '../../scripts/setup/driver.mjs';
import { DeviceError } from '../errors.ts';
import { type SelfTest, selfTest } from '../evaluate/self-test.ts';
import type { Device } from '../gpu/device.ts';
import { openAdapter } from './adapter.ts';
import { field, paint, whole } from './print.ts';
import type { Terminal } from './terminal.ts';

/** Runs `bsnn doctor`. */
export async function runDoctor(adapter: string | undefined, terminal: Terminal): Promise<void> {
  const device = await openAdapter(adapter).catch((error: unknown) => {
    throw error instanceof DeviceError && error.code === 'no-adapter' ? withAdvice(error, thisMachine(), process.env) : error;
  });
  try {
    terminal.out(formatDevice(device, terminal.color));
    const test = await selfTest(device);
    terminal.out(formatSelfTest(test, terminal.color));
    const wrong = test.variants.find(({ difference }) => difference !== null);
    if (wrong) {
      const what = `the self-test (${wrong.name}: ${wrong.ran.join(', ')}) differs from the reference at ${wrong.difference}`;
      throw new DeviceError('self-test', device.description.adapter, what, 'update the driver, or choose another GPU (--adapter)');
    }
  } finally {
    device.dispose();
  }
}

/** Variables of the Vulkan loader that may hide every driver. */
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];

/** The same error of no adapter, with what to do about it on this machine: mend what was chosen, or else install a driver. */
export function withAdvice(error: DeviceError, machine: Machine, env: Readonly<Record<string, string | undefined>>): DeviceError {
  // a name was asked for, and other adapters are listed
  if (/\bname: '/.test(error.message)) return error;
  const what = error.message.replace(`${error.where}: `, '').replace(`; ${error.remedy}`, '');
  const chosen = DRIVER_VARIABLES.filter((name) => env[name]).map((name) => `${name}=${env[name]}`);
  const remedy = chosen.length > 0 ? `correct or unset ${chosen.join(' and ')}` : installation(machine);
  return new DeviceError('no-adapter', error.where, what, remedy, { cause: error });
}

function installation(machine: Machine): string {
  const { text, commands } = driverAdvice(machine);
  return commands.length > 0 ? `${text}: ${commands.join(' && ')}` : text;
}

const mebibytes = (bytes: number): string => (bytes >= 2 ** 20 ? `${whole(bytes / 2 ** 20)} MiB` : `${whole(bytes / 2 ** 10)} KiB`);

/** What a device is and can do, at most 80 columns wide. */
export function formatDevice({ description, limits, handle, gpu }: Device, color: boolean): string {
  const style = paint(color);
  const put = (label: string, value: string) => field(label, value, style);
  const list = (names: Iterable<string>) => [...names].sort().join(', ') || 'none';
  const lines = [
    put('adapter', description.adapter),
    put('driver', description.driver),
    put('kind', description.software ? 'software: computes on the CPU' : 'hardware'),
    put('buffers', `up to ${mebibytes(limits.maxBufferSize)} each, ${limits.maxStorageBuffersPerShaderStage} a kernel`),
    put(
      'bindings',
      `storage ${mebibytes(limits.maxStorageBufferBindingSize)}, uniform ${mebibytes(limits.maxUniformBufferBindingSize)}`,
    ),
    put(
      'workgroups',
      `up to ${whole(limits.maxComputeInvocationsPerWorkgroup)} invocations, ${mebibytes(limits.maxComputeWorkgroupStorageSize)} ` +
        `of shared memory, ${whole(limits.maxComputeWorkgroupsPerDimension)} a dimension`,
    ),
    put('features', list(handle.features)),
    put('WGSL', list(gpu.wgslLanguageFeatures)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The self-test's outcome: what was compared, and of each way which forms ran. */
export function formatSelfTest({ images, waves, layers, variants }: SelfTest, color: boolean): string {
  const put = (label: string, value: string) => `${field(label, value, paint(color))}\n`;
  const outcome = variants.map(({ name, ran, difference }) =>
    put(`  ${name}`, `${ran.join(', ')}: ${difference === null ? 'equal' : 'DIFFERENT'}`),
  );
  return put('self-test', `${layers} layers, ${images} images, ${waves} waves against the reference`) + outcome.join('');
}
