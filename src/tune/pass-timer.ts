import { type BoundKernel, dispatch } from '../gpu/bind.ts';
import { Clock, isRounded, milliseconds } from '../gpu/clock.ts';
import type { Device } from '../gpu/device.ts';

/** A kernel, and how often it runs in a row. */
export interface Repeated {
  readonly kernel: BoundKernel;
  readonly repeat: number;
}

/** Times kernels one by one: by the GPU's timestamps round a compute pass of each where it has them, else by the wall. */
export interface PassTimer {
  /** Runs kernels in order and waits. @returns milliseconds of one run, a kernel */
  readonly time: (work: readonly Repeated[]) => Promise<number[]>;
  /** Whether the last times came of rounded timestamps: only samples of many milliseconds say anything then. */
  readonly isRounded: () => boolean;
  /** Frees its GPU objects. */
  readonly dispose: () => void;
}

/** Kernels of one submission: few, since drivers give up on work that takes seconds. */
const AT_ONCE = 16;

/** Makes a timer; `dispose()` it. */
export function passTimer(device: Device): PassTimer {
  const clock = Clock.of(device, 2 * AT_ONCE);
  const { time, ...rest } = clock ? timestamps(device, clock) : wallClock(device);
  return {
    time: async (work) => {
      const times: number[] = [];
      for (let i = 0; i < work.length; i += AT_ONCE) times.push(...(await time(work.slice(i, i + AT_ONCE))));
      return times;
    },
    ...rest,
  };
}

function timestamps(device: Device, clock: Clock): PassTimer {
  const { handle } = device;
  let rounded = false;
  return {
    time: async (work) => {
      const encoder = handle.createCommandEncoder({ label: 'pass timer' });
      work.forEach((one, i) => {
        wholePass(encoder.beginComputePass(clock.pass(2 * i)), one);
      });
      handle.queue.submit([encoder.finish()]);
      const stamps = await clock.read();
      rounded = isRounded(stamps);
      return work.map(({ repeat }, i) => milliseconds(stamps[2 * i], stamps[2 * i + 1]) / repeat);
    },
    isRounded: () => rounded,
    dispose: () => clock.dispose(),
  };
}

function wallClock(device: Device): PassTimer {
  const { handle } = device;
  return {
    time: async (work) => {
      const times: number[] = [];
      for (const one of work) {
        const encoder = handle.createCommandEncoder({ label: 'pass timer' });
        wholePass(encoder.beginComputePass(), one);
        const start = performance.now();
        handle.queue.submit([encoder.finish()]);
        await device.finish();
        times.push((performance.now() - start) / one.repeat);
      }
      return times;
    },
    isRounded: () => false,
    dispose: () => {},
  };
}

function wholePass(pass: GPUComputePassEncoder, { kernel, repeat }: Repeated): void {
  for (let i = 0; i < repeat; i++) dispatch(pass, kernel);
  pass.end();
}
