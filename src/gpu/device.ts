import { type Check, object } from '../checks.ts';
import { DeviceError } from '../errors.ts';
import { hasFastDot } from './dot-products.ts';
import { MATRIX_FEATURE, type MatrixUnit, matrixUnit, SUBGROUP_SIZE_FEATURE } from './matrix.ts';
import { napping } from './naps.ts';
import { registersOf } from './registers.ts';

/** What the library uses of WebGPU where an adapter has it; it works without any of them. */
const FEATURES = ['timestamp-query', 'subgroups', 'shader-f16', MATRIX_FEATURE, SUBGROUP_SIZE_FEATURE] as GPUFeatureName[];

/** How long after an error WebGPU may take to say that the device is lost, in milliseconds. */
const LOSS_MS = 20;

/** How to choose an adapter. */
export interface DeviceOptions {
  /** Part of an adapter's name ("llvmpipe", "NVIDIA"); default: the environment variable BSNN_ADAPTER, else the best one. */
  readonly adapter?: string;
  /** A WebGPU implementation to use instead of the platform's own. */
  readonly gpu?: GPU;
  /**
   * `hardware`: a software driver is treated as a card, so that kernels and defaults of hardware can be tried without one; the same bits,
   * slower. Default: the environment variable BSNN_ASSUME, else what the adapter is.
   */
  readonly assume?: Assumption;
}

/** What an adapter may be taken for. */
export type Assumption = 'hardware';

/** What the choice of kernels depends on (`plan/choices`). */
export interface DeviceCapabilities {
  /** Choices are those of a driver that computes on the CPU. */
  readonly software: boolean;
  readonly packedDot: boolean;
  /** Packed dot products are one instruction of the hardware (`gpu/dot-products`). */
  readonly fastDot: boolean;
  /** What its matrix units multiply; null without. */
  readonly matrix: MatrixUnit['operand'] | null;
  /** Registers of 32 bits that an invocation may have (`gpu/registers`). */
  readonly registers: number;
}

/** What an adapter says of itself. */
export interface AdapterDescription {
  /** Vendor and device, as in `llvmpipe`. */
  readonly adapter: string;
  /** Driver and version; ends in "as hardware" where a software driver is taken for a card, so that both have timings of their own. */
  readonly driver: string;
  /** Whether it computes on the CPU. */
  readonly software: boolean;
}

/** Keeps an implementation as long as an adapter or a device of it is there: once both are garbage it must not be collected first. */
const implementations = new FinalizationRegistry<GPU>(() => {});

/**
 * An open GPU. Owns the WebGPU objects and everything made on them; `dispose()` gives all of it back.
 * Errors that WebGPU reports between calls are kept and thrown by the next `check()`.
 */
export class Device {
  /** Referenced as long as the device lives: the process dies where the implementation collects it first. */
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly handle: GPUDevice;
  readonly description: AdapterDescription;
  /** WGSL has packed 4 × 8-bit dot products. */
  readonly packedDot: boolean;
  /** Uniform values are cheaper broadcast from one lane than loaded by all: software drivers with subgroups. */
  readonly broadcast: boolean;
  /** Invocations that run side by side: the least size of a subgroup. */
  readonly subgroupSize: number;
  /** Matrix units that the kernels can use; null where there are none. */
  readonly matrix: MatrixUnit | null;
  readonly capabilities: DeviceCapabilities;
  /** Opens it again as it was opened, once it is lost; null where nobody said how. */
  readonly reopen: (() => Promise<Device>) | null;
  #failure: DeviceError | null = null;
  #disposed = false;
  /** The guarded work before. */
  #guarded: Promise<unknown> = Promise.resolve();

  constructor(gpu: GPU, adapter: GPUAdapter, handle: GPUDevice, assume?: Assumption, reopen: Device['reopen'] = null) {
    this.reopen = reopen;
    implementations.register(adapter, gpu);
    implementations.register(handle, gpu);
    this.gpu = gpu;
    this.adapter = adapter;
    this.handle = handle;
    const found = describe(adapter);
    const asHardware = found.software && assume === 'hardware';
    const software = found.software && !asHardware;
    this.description = asHardware ? { ...found, driver: `${found.driver}, as hardware` } : found;
    this.broadcast = software && handle.features.has('subgroups');
    this.subgroupSize = adapter.info.subgroupMinSize ?? 4;
    this.matrix = handle.features.has(MATRIX_FEATURE as GPUFeatureName) ? matrixUnit(adapter, handle) : null;
    this.packedDot = gpu.wgslLanguageFeatures.has('packed_4x8_integer_dot_product');
    const fastDot = this.packedDot && hasFastDot(adapter.info);
    const registers = registersOf(adapter.info);
    this.capabilities = { software, packedDot: this.packedDot, fastDot, matrix: this.matrix?.operand ?? null, registers };
    handle.addEventListener('uncapturederror', this.#onUncaptured);
    handle.lost.then((info) => {
      if (this.#disposed) return;
      this.#failure = new DeviceError(
        'device-lost',
        this.description.adapter,
        `the device was lost (${info.reason}): ${info.message}`,
        'open it again, with a smaller batch',
      );
    });
  }

  get limits(): GPUSupportedLimits {
    return this.handle.limits;
  }

  /** Throws what went wrong since the last call: validation errors, a lost or disposed device. */
  check(): void {
    if (this.#disposed)
      throw new DeviceError('disposed', this.description.adapter, 'the device was disposed', 'open it again with openDevice()');
    if (this.#failure) {
      const failure = this.#failure;
      if (failure.code !== 'device-lost') this.#failure = null;
      throw failure;
    }
  }

  /**
   * Runs `work` and rejects with what WebGPU found invalid in it, named. Error scopes are one stack for the whole device, so that work is done
   * one after another: none takes the errors of another. It must not call `guard` itself.
   */
  guard<T>(where: string, work: () => T | Promise<T>): Promise<T> {
    const done = this.#guarded.then(() => this.#guard(where, work));
    this.#guarded = done.catch(() => {});
    return done;
  }

  async #guard<T>(where: string, work: () => T | Promise<T>): Promise<T> {
    this.check();
    this.handle.pushErrorScope('validation');
    this.handle.pushErrorScope('out-of-memory');
    const [done] = await Promise.allSettled([Promise.resolve().then(work)]);
    const [memory, validation] = await Promise.all([this.handle.popErrorScope(), this.handle.popErrorScope()]);
    if (done.status === 'rejected' && done.reason instanceof DeviceError) throw done.reason;
    if (memory) throw new DeviceError('out-of-memory', where, memory.message, 'choose a smaller batch');
    if (validation)
      throw new DeviceError('validation', where, validation.message, 'this is a fault of the library; please report it');
    if (done.status === 'rejected') throw done.reason;
    return done.value;
  }

  /** Whether it is lost, also where WebGPU has not come to say so yet. */
  async isLost(): Promise<boolean> {
    await Promise.race([this.handle.lost, new Promise((resolve) => setTimeout(resolve, LOSS_MS))]);
    return this.#failure?.code === 'device-lost';
  }

  /** Waits for what takes its driver long: a software driver is left the cores that it computes on (`gpu/naps`). */
  until<T>(work: Promise<T>): Promise<T> {
    return this.description.software ? napping(work) : work;
  }

  /** Waits until everything submitted so far is done. */
  async finish(): Promise<void> {
    await this.until(this.handle.queue.onSubmittedWorkDone());
    this.check();
  }

  readonly #onUncaptured = (event: GPUUncapturedErrorEvent): void => {
    event.preventDefault();
    this.#failure ??= new DeviceError(
      'validation',
      this.description.adapter,
      event.error.message,
      'this is a fault of the library; please report it',
    );
  };

  /** Destroys the device with all its buffers. Further calls throw; calling it twice does no harm. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    // as long as someone listens the implementation keeps the device, its threads and its files
    this.handle.removeEventListener('uncapturederror', this.#onUncaptured);
    this.handle.destroy();
  }
}

/** A device that a caller hands in. */
export const DEVICE: Check = object(
  'a device, as openDevice() gives it',
  ({ handle, check }) => typeof handle === 'object' && handle !== null && typeof check === 'function',
);

/**
 * Name, driver and kind of an adapter. A card's name is its device's ("nvidia-h100-80gb-hbm3"), where that is one and no number; a software
 * driver's is what the driver calls itself, since its device is the host's compiler.
 */
export function describe(adapter: Pick<GPUAdapter, 'info'>): AdapterDescription {
  const { vendor, device, description, architecture } = adapter.info;
  const [name, ...driver] = description.split(': ');
  const software = adapter.info.isFallbackAdapter || /llvmpipe|swiftshader/i.test(`${device} ${description}`);
  const card = !software && /[a-z]{2}/i.test(device) && !/^0x/i.test(device) ? device.replace(/-+$/, '') : '';
  const own = (driver.length > 0 ? name : '') || [vendor, device || architecture].filter(Boolean).join(' ');
  return {
    adapter: card || own,
    driver: driver.join(': ') || description || architecture,
    software,
  };
}

/**
 * Asks the adapter for the limits it can give (bindings, buffers, workgroups) and timestamps where it has them.
 * @throws DeviceError `no-adapter` where there is none
 */
export async function requestDevice(
  gpu: GPU,
  adapter: GPUAdapter | null,
  assume?: Assumption,
  reopen: Device['reopen'] = null,
): Promise<Device> {
  if (!adapter) {
    throw new DeviceError(
      'no-adapter',
      'WebGPU',
      'no adapter found',
      'install a GPU driver, or a software Vulkan driver; `bsnn doctor` prints the commands',
    );
  }
  const { maxStorageBufferBindingSize, maxBufferSize, maxStorageBuffersPerShaderStage, maxComputeWorkgroupStorageSize } =
    adapter.limits;
  const handle = await adapter.requestDevice({
    label: 'bsnn',
    requiredLimits: { maxStorageBufferBindingSize, maxBufferSize, maxStorageBuffersPerShaderStage, maxComputeWorkgroupStorageSize },
    requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
  });
  return new Device(gpu, adapter, handle, assume, reopen);
}
