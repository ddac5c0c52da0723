import { bindingRange, type WeightShare } from './tables.ts';

/** The device's limits that a plan must keep, in bytes. */
export interface PlanLimits {
  readonly maxStorageBufferBindingSize: number;
  readonly maxBufferSize: number;
  readonly maxUniformBufferBindingSize: number;
}

/** What a plan asks of a device, in bytes. */
export interface Demand {
  /** Buffers that some kernel binds as a whole. */
  readonly whole: readonly number[];
  /** The buffer of all weights, of which each dispatch binds its share alone. */
  readonly weights: number;
  readonly shares: readonly (WeightShare | null)[];
}

/** Bytes that the buffers of a plan may take together, unless said otherwise. */
export const DEFAULT_MEMORY = 2 ** 31;

/**
 * Whether a device can hold and bind it all: every buffer within the size of a buffer, every binding within the size of a
 * binding, everything together within `memory`. Shares bound as uniform fit by how they were cut. Pure.
 */
export function withinLimits({ whole, weights, shares }: Demand, limits: PlanLimits, memory: number): boolean {
  const binding = largestBinding(limits);
  return (
    whole.every((bytes) => bytes <= binding) &&
    weights <= limits.maxBufferSize &&
    shares.every((share) => !share || share.uniform || bindingRange(share).size <= binding) &&
    whole.reduce((sum, bytes) => sum + bytes, weights) <= memory
  );
}

/** Bytes that one storage binding may have. */
export const largestBinding = ({ maxStorageBufferBindingSize, maxBufferSize }: PlanLimits): number =>
  Math.min(maxStorageBufferBindingSize, maxBufferSize);
