import { Device } from '../../src/gpu/device.ts';
import type { PlanLimits } from '../../src/plan/fit.ts';
import { device } from './device.ts';

/** What every WebGPU device offers: a storage binding of 128 MiB, a buffer of 256. */
export const LIMITS: PlanLimits = {
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  maxUniformBufferBindingSize: 2 ** 16,
};

/** A device of which a plan sees smaller limits than it has; nothing else looks at them. */
class SmallDevice extends Device {
  planned: PlanLimits = LIMITS;
  override get limits(): GPUSupportedLimits {
    return this.planned as GPUSupportedLimits;
  }
}

/** Another device of the tests' adapter with these limits, to be disposed of by the caller. */
export async function smallDevice(limits: Partial<PlanLimits>): Promise<Device> {
  const { gpu } = device as Device;
  const adapter = (await gpu.requestAdapter()) as GPUAdapter;
  // the kernels of the tests' device, which are compiled already
  const requiredFeatures = (['subgroups'] as const).filter((feature) => adapter.features.has(feature));
  const small = new SmallDevice(gpu, adapter, await adapter.requestDevice({ requiredFeatures }));
  small.planned = { ...LIMITS, ...limits };
  return small;
}
