/**
 * A device that ends at any moment, by `dispose()` or underneath: every call ends, with its result or the device's error. In a soak alone:
 * kernels that are compiled for nothing take long, and test/gpu/device.test.ts ends devices at moments that it chooses.
 */

import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { tinyAnn, tinyNetwork } from '../../bench/endurance/network.ts';
import { DeviceError } from '../../src/errors.ts';
import type { Device } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';
import { Session } from '../../src/run/session.ts';
import { SteppedSession } from '../../src/run/stepped-session.ts';
import { describeOnDevice, device as first } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';

const RUNS = Number(process.env.RUNS ?? 200);

const NETWORK = tinyNetwork(tinyAnn());
const BATCH = 8;
const PIXELS = randomPixels(NETWORK.input.shape, 4 * BATCH, 3);

/** Makes sessions of two kinds and uses them, all at once. @returns what each call came to */
function useSessions(device: Device): Promise<PromiseSettledResult<Float64Array>[]> {
  const windowed = Session.create(device, NETWORK, { batch: BATCH });
  const stepped = SteppedSession.create(device, NETWORK, { batch: BATCH, timesteps: 12 });
  const potentials = async (session: Promise<Session | SteppedSession>) => (await (await session).classify(PIXELS)).potentials;
  return Promise.allSettled([windowed, windowed, stepped, stepped].map(potentials));
}

/** Fails where a promise hangs. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('hangs')), 120_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

afterAll(() => first?.dispose());

describeOnDevice('a device that ends while sessions are made and run', () => {
  it.runIf(SOAK)('at a random moment: each call ends with its result or the error of the device', async () => {
    const wanted = await useSessions(first!);
    // what it takes once the driver has compiled the kernels
    const begun = performance.now();
    const other = await openDevice();
    expect(await useSessions(other)).toEqual(wanted);
    other.dispose();
    const whole = performance.now() - begun;
    const ends = { result: 0, error: 0 };
    const moments = fc.record({ way: fc.constantFrom('dispose', 'destroy'), share: fc.double({ min: 0, max: 1.5, noNaN: true }) });
    const property = fc.asyncProperty(moments, async ({ way, share }) => {
      const device = await openDevice();
      const calls = useSessions(device);
      await new Promise((resolve) => setTimeout(resolve, share * whole));
      if (way === 'dispose') device.dispose();
      else device.handle.destroy();
      for (const [i, call] of (await soon(calls)).entries()) {
        if (call.status === 'fulfilled') {
          ends.result++;
          expect(call).toEqual(wanted[i]);
        } else {
          ends.error++;
          expect(call.reason).toBeInstanceOf(DeviceError);
          expect(call.reason.code).toBe(way === 'dispose' ? 'disposed' : 'device-lost');
        }
      }
      device.dispose();
    });
    await fc.assert(property, { seed: Number(process.env.SEED ?? 1), numRuns: RUNS, endOnFailure: true });
    if (process.env.RUNS) console.log(ends);
    expect(ends.error).toBeGreaterThan(0);
  });
});
