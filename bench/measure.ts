import { Bench } from 'tinybench';
import { type BoundKernel, dispatch } from '../src/gpu/bind.ts';
import { Clock, isRounded, milliseconds } from '../src/gpu/clock.ts';
import type { Device } from '../src/gpu/device.ts';
import { untilSettled } from '../src/tune/settle.ts';

/** GPU work that can be repeated: its result does not depend on how often. */
export interface Work {
  readonly kernels: readonly BoundKernel[];
  /** Times that one sample runs the kernels. */
  readonly repeat: number;
}

/** What was measured; times are of one repetition. */
export interface Measurement {
  /** By the GPU's timestamps; null where the device has none. */
  readonly gpuMs: number | null;
  /** From submission to the end of the wait for it. */
  readonly wallMs: number;
  /** Median absolute deviation as a part of the median, of GPU time where there is one. */
  readonly spread: number;
  /** Median of (time of `beside`) / (time of the work), each pair measured one right after the other; 1 without `beside`. */
  readonly ratio: number;
}

export interface MeasureOptions {
  readonly samples?: number;
  /** What is measured before every sample: a ratio to it does not suffer from other load on the machine. */
  readonly beside?: Work;
}

/** A warm-up ends when its times settle, or after so many ms of them. */
const WARM_UP_MS = 500;
/** Least time of a sample where the GPU's timestamps are rounded. */
const ROUNDED_SAMPLE_MS = 20;
/** Times that a sample runs its kernels, at most. */
const MOST_REPEATS = 4096;
/** Part of the time asked for that a sample may take. */
const ENOUGH = 0.9;
/** A sample that is too short is made at most so many times as long at once: its time says little. */
const MOST_GROWTH = 16;

/** Times work on one device, with GPU timestamps where it has them. */
export class Stopwatch {
  readonly device: Device;
  readonly #clock: Clock | null;
  #rounded = false;

  constructor(device: Device) {
    this.device = device;
    this.#clock = Clock.of(device, 2);
  }

  /** Whether times are the GPU's own. */
  get timestamps(): boolean {
    return this.#clock !== null;
  }

  /** Runs work once: [GPU time or null, wall time], in milliseconds, of all repetitions together. */
  async once({ kernels, repeat }: Work): Promise<[number | null, number]> {
    const { handle } = this.device;
    const encoder = handle.createCommandEncoder();
    const pass = encoder.beginComputePass(this.#clock?.pass());
    for (let i = 0; i < repeat; i++) for (const kernel of kernels) dispatch(pass, kernel);
    pass.end();
    const start = performance.now();
    handle.queue.submit([encoder.finish()]);
    await this.device.finish();
    const wall = performance.now() - start;
    if (!this.#clock) return [null, wall];
    const stamps = await this.#clock.read();
    this.#rounded = isRounded(stamps);
    return [milliseconds(stamps[0], stamps[1]), wall];
  }

  /** Runs work until its times settle. */
  async warmUp(work: Work): Promise<void> {
    await untilSettled(() => this.#countedOnce(work), WARM_UP_MS);
  }

  /** Medians over samples, which begin when the times of a warm-up have settled. */
  async measure(work: Work, options: MeasureOptions = {}): Promise<Measurement> {
    const { samples = 11, beside } = options;
    await this.warmUp(work);
    const walls: number[] = [];
    const ratios: number[] = [];
    const bench = new Bench({ iterations: samples, time: 0, warmup: false, throws: true });
    bench.add('work', async () => {
      const before = beside ? await this.once(beside) : null;
      const [gpu, wall] = await this.once(work);
      walls.push(wall);
      const [time, timeBefore] = [gpu ?? wall, before && (before[0] ?? before[1])];
      ratios.push(beside && timeBefore ? timeBefore / beside.repeat / (time / work.repeat) : 1);
      return { overriddenDuration: time, overriddenIterationCost: wall };
    });
    const [task] = await bench.run();
    this.device.check();
    const { result } = task;
    if (!('latency' in result)) throw new Error(`the benchmark ended as "${result.state}"`);
    const { p50, mad } = result.latency;
    const per = 1 / work.repeat;
    return {
      gpuMs: this.timestamps ? p50 * per : null,
      wallMs: median(walls) * per,
      spread: p50 > 0 ? mad / p50 : 0,
      ratio: median(ratios),
    };
  }

  /** Work repeated so often that one sample takes about `ms`, and not less than timestamps can tell. */
  async scale(kernels: readonly BoundKernel[], ms = 20): Promise<Work> {
    // the first run, in which drivers compile, says nothing
    await this.once({ kernels, repeat: 1 });
    for (let repeat = 1; ; ) {
      const taken = await this.#countedOnce({ kernels, repeat });
      const next = nextRepeat(repeat, taken, this.#rounded ? Math.max(ms, ROUNDED_SAMPLE_MS) : ms);
      if (next === repeat) return { kernels, repeat };
      repeat = next;
    }
  }

  /** The time that counts of one run, in ms. */
  async #countedOnce(work: Work): Promise<number> {
    const [gpu, wall] = await this.once(work);
    return gpu ?? wall;
  }

  dispose(): void {
    this.#clock?.dispose();
  }
}

/**
 * Wall times of calls that classify, in ms, after a warm-up.
 * @param classify gives the spikes of each layer
 * @throws Error where a layer is silent
 */
export async function timesOfCalls(runs: number, classify: () => Promise<readonly number[]>): Promise<number[]> {
  const call = async (): Promise<number> => {
    const start = performance.now();
    const spikes = await classify();
    const ms = performance.now() - start;
    if (spikes.slice(0, 3).some((count) => count === 0)) throw new Error('the network does not spike: nothing ran');
    return ms;
  };
  await untilSettled(call, WARM_UP_MS);
  const times: number[] = [];
  for (let i = 0; i < runs; i++) times.push(await call());
  return times;
}

/** How often work is to be repeated next that took `taken` ms at `repeat`: the same where that is about `ms`. Pure. */
export function nextRepeat(repeat: number, taken: number, ms: number): number {
  if (taken >= ENOUGH * ms) return repeat;
  return Math.min(MOST_REPEATS, Math.ceil(repeat * Math.min(MOST_GROWTH, ms / Math.max(taken, 1e-6))));
}

/** The time that counts: the GPU's own where there is one. */
export const countedMs = ({ gpuMs, wallMs }: Measurement): number => gpuMs ?? wallMs;

/** The times alone, for a row. */
export const timesOf = ({ gpuMs, wallMs, spread }: Measurement) => ({ gpuMs, wallMs, spread });

/** The middle value; the mean of both where there are two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
