import { anyOf, integer, number, oneOf } from '../checks.ts';
import { DeviceError, OptionError } from '../errors.ts';
import { type BatchSize, fillingBatch } from './batch.ts';
import { type Program, totalBytes } from './program.ts';

/** The device's limits that a program must keep, in bytes. */
export interface PlanLimits {
  readonly maxStorageBufferBindingSize: number;
  readonly maxBufferSize: number;
  readonly maxUniformBufferBindingSize: number;
}

/** Kernels find bytes by numbers of 32 bits. */
const ADDRESSED = 2 ** 32;

/** Bytes that one storage binding may have. */
export const largestBinding = ({ maxStorageBufferBindingSize, maxBufferSize }: PlanLimits): number =>
  Math.min(maxStorageBufferBindingSize, maxBufferSize, ADDRESSED);

/** Bytes that the buffers of a program may take together, unless said otherwise. */
export const DEFAULT_MEMORY = 2 ** 31;

/** The same by device: a card that offers larger buffers has the memory for one at least. WebGPU does not say how much there is. */
const memoryOf = ({ maxBufferSize }: PlanLimits, software: boolean): number =>
  software ? DEFAULT_MEMORY : Math.max(DEFAULT_MEMORY, maxBufferSize);

/** What every plan takes. */
export interface FitOptions {
  /** Images at once, at most, or "auto": as many as fill the device (`plan/batch`). Cut to the limits. */
  readonly batch: BatchSize;
  /** Images that there will be: "auto" takes no more than these beyond its least. Any number by default. */
  readonly imageCount?: number | undefined;
  /** The device computes on the CPU (default), which few images fill. */
  readonly software?: boolean | undefined;
  /** Bytes that the program's buffers may take together; by default 2 GiB, or the largest buffer where a card offers more. */
  readonly memory?: number | undefined;
}

/** @throws OptionError where a number is not an integer from 1 to `most` */
export function checkCount<O extends 'batch' | 'waves' | 'timesteps'>(option: O, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new OptionError(option, option, `${value} is not an integer from 1 to ${most}`, 'correct it');
}

/** Images at once, at most. */
const MOST_IMAGES = 65535;

/** What every session takes. */
export const FIT_OPTIONS = {
  batch: anyOf(integer(1, MOST_IMAGES), oneOf('auto')),
  imageCount: integer(0),
  memory: number('a number of bytes above 0', (bytes) => bytes > 0),
};

/** A batch, and what is left of it after each halving. */
function halvings(batch: number): number[] {
  const sizes: number[] = [];
  for (let size = batch; size >= 1; size = Math.floor(size / 2)) sizes.push(size);
  return sizes;
}

/**
 * The first program that a device can hold and bind, and that takes no more memory than allowed: at the batch that is asked for,
 * else at half of it, and so on.
 * @param candidates programs for a batch, the best first; cheap to make, since nothing is packed yet
 * @throws OptionError for a batch or memory out of range, DeviceError where not even one image fits, with what is too large
 */
export function fit<P extends Program>(
  network: string,
  limits: PlanLimits,
  { batch, imageCount = Number.POSITIVE_INFINITY, software = true, memory = memoryOf(limits, software) }: FitOptions,
  candidates: (batch: number) => Iterable<P>,
): P {
  if (batch !== 'auto') checkCount('batch', batch, MOST_IMAGES);
  if (!(memory > 0)) throw new OptionError('memory', 'memory', `${memory} is not a number of bytes above 0`, 'leave it out');
  let reason = '';
  const fitting = (size: number): P | undefined => {
    for (const program of candidates(size)) {
      const found = excess(program, limits, memory);
      if (found === null) return program;
      reason = found;
    }
    return undefined;
  };
  for (const size of halvings(batch === 'auto' ? fillingBatch(software ? 0 : imageCount, fitting) : batch)) {
    const program = fitting(size);
    if (program) return program;
  }
  throw new DeviceError(
    'too-large',
    `network "${network}"`,
    `does not fit the device with one image at a time${reason && `: ${reason}`}`,
    'use a device with more memory, a smaller network or smaller images, or fewer waves or steps',
  );
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** What of a program a device cannot hold or bind, in words; null where it can. */
export function excess(program: Program, limits: PlanLimits, memory: number): string | null {
  const binding = largestBinding(limits);
  const needs = (what: string, bytes: number, most: number, of: string) =>
    `${what} needs ${mebibytes(bytes)}, and ${of} has at most ${mebibytes(most)}`;
  const shared = new Set(program.dispatches.flatMap(({ ranges }) => Object.keys(ranges)));
  for (const [name, { bytes, usage }] of Object.entries(program.buffers)) {
    const [most, of] = usage === 'uniform' || shared.has(name) ? [limits.maxBufferSize, 'a buffer'] : [binding, 'a binding'];
    if (bytes > most) return needs(`buffer "${name}"`, bytes, most, of);
  }
  for (const { name, ranges, variant } of program.dispatches) {
    for (const [bound, { size }] of Object.entries(ranges)) {
      const isUniform =
        (bound === 'weights' && variant.uniformWeights === true) || (bound === 'channels' && variant.uniformTable === true);
      if (!isUniform && size > binding) return needs(`layer "${name}"'s ${bound}`, size, binding, 'a binding');
    }
  }
  const read = program.results.reduce((sum, { size }) => sum + size, 0);
  if (read > limits.maxBufferSize) return needs('what is read back', read, limits.maxBufferSize, 'a buffer');
  const total = totalBytes(program);
  return total > memory ? needs('everything', total, memory, 'the memory that may be used') : null;
}
