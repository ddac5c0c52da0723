import { mapForReading } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { type BoundKernel, dispatch } from '../kernels/kernel.ts';

/** A kernel, and how often it runs in a row. */
export interface Repeated {
  readonly kernel: BoundKernel;
  readonly repeat: number;
}

/** Times kernels one by one: by the GPU's timestamps round a compute pass of each where it has them, else by the wall. */
export interface PassTimer {
  /** Runs kernels in order and waits. @returns milliseconds of one run, a kernel */
  readonly time: (work: readonly Repeated[]) => Promise<number[]>;
  /** Frees its GPU objects. */
  readonly dispose: () => void;
}

/** Kernels of one submission: few, since drivers give up on work that takes seconds. */
const AT_ONCE = 16;
/** Share of the expected time that is slept through: a wait polls, which takes cores from a software driver. */
const REST = 0.9;

/** Makes a timer; `dispose()` it. */
export function passTimer(device: Device): PassTimer {
  const { time, dispose } = device.handle.features.has('timestamp-query') ? timestamps(device) : wallClock(device);
  return {
    time: async (work) => {
      const times: number[] = [];
      for (let i = 0; i < work.length; i += AT_ONCE) times.push(...(await time(work.slice(i, i + AT_ONCE))));
      return times;
    },
    dispose,
  };
}

function timestamps(device: Device): PassTimer {
  const { handle } = device;
  const label = 'pass timer';
  const querySet = handle.createQuerySet({ label, type: 'timestamp', count: 2 * AT_ONCE });
  const size = 16 * AT_ONCE;
  const resolved = handle.createBuffer({ label, size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const readback = handle.createBuffer({ label, size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  let expectedMs = 0;
  return {
    time: async (work) => {
      const encoder = handle.createCommandEncoder({ label });
      work.forEach((one, i) => {
        const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
        wholePass(encoder.beginComputePass({ timestampWrites }), one);
      });
      encoder.resolveQuerySet(querySet, 0, 2 * work.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readback, 0, size);
      const start = performance.now();
      handle.queue.submit([encoder.finish()]);
      await new Promise((resolve) => setTimeout(resolve, expectedMs * REST));
      const stamps = new BigUint64Array((await mapForReading(readback, () => device.check())).slice(0));
      expectedMs = performance.now() - start;
      readback.unmap();
      device.check();
      return work.map(({ repeat }, i) => Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6 / repeat);
    },
    dispose: () => {
      querySet.destroy();
      resolved.destroy();
      readback.destroy();
    },
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
    dispose: () => {},
  };
}

function wholePass(pass: GPUComputePassEncoder, { kernel, repeat }: Repeated): void {
  for (let i = 0; i < repeat; i++) dispatch(pass, kernel);
  pass.end();
}
