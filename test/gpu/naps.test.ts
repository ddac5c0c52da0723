import { afterEach, describe, expect, it, vi } from 'vitest';
import { napping } from '../../src/gpu/naps.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

afterEach(() => void vi.restoreAllMocks());

/** Work that is done at a moment of a clock that only naps and turns of the event loop move on; what they were, in milliseconds. */
async function wait(workMs: number, turnMs = 0.05): Promise<{ naps: number[]; ms: number }> {
  const naps: number[] = [];
  let now = 0;
  let finish = () => {};
  const pass = (ms: number) => {
    now += ms;
    if (now >= workMs) finish();
  };
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.spyOn(globalThis, 'setImmediate').mockImplementation(((turn: () => void) => {
    pass(turnMs);
    queueMicrotask(turn);
  }) as typeof setImmediate);
  vi.spyOn(Atomics, 'wait').mockImplementation((...[, , , ms]) => {
    naps.push(Number(ms));
    pass(Number(ms));
    return 'timed-out';
  });
  await napping(new Promise<void>((resolve) => (finish = resolve)));
  return { naps, ms: now };
}

describe('naps by a virtual clock', () => {
  it.each([1, 20, 150, 5000])('work of %i ms is waited for a sixteenth longer at most, 4 ms, and a turn', async (work) => {
    const { ms } = await wait(work);
    expect(ms).toBeLessThanOrEqual(work + Math.min(4, work / 16) + 0.05);
  });

  it('nearly all of a long wait is slept', async () => {
    const { naps, ms } = await wait(5000);
    expect(naps.reduce((sum, nap) => sum + nap) / ms).toBeGreaterThan(0.97);
  });

  it('what is over at once is not slept over', async () => {
    const slept = vi.spyOn(Atomics, 'wait');
    expect(await napping(Promise.resolve(7))).toBe(7);
    expect(slept).not.toHaveBeenCalled();
  });

  it('a rejection comes through', async () => {
    await expect(napping(Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
  });

  it('others have their turns meanwhile', async () => {
    let turns = 0;
    const others = setInterval(() => turns++, 1);
    await napping(new Promise((resolve) => setTimeout(resolve, 100)));
    clearInterval(others);
    expect(turns).toBeGreaterThan(5);
  });

  it.each(['setImmediate', 'SharedArrayBuffer'])('elsewhere than in Node, without %s, nothing is slept', async (missing) => {
    const slept = vi.spyOn(Atomics, 'wait');
    vi.stubGlobal(missing, undefined);
    const work = new Promise<number>((resolve) => setTimeout(resolve, 10, 7));
    expect(await napping(work)).toBe(7);
    vi.unstubAllGlobals();
    expect(slept).not.toHaveBeenCalled();
  });
});

describeOnDevice('a device’s work', () => {
  it.each([true, false])('is slept over where it computes on the CPU (%s)', async (software) => {
    const slept = vi.spyOn(Atomics, 'wait');
    const work = new Promise<number>((resolve) => setTimeout(resolve, 30, 7));
    const as = Object.create(device!, { description: { value: { ...device!.description, software } } }) as typeof device;
    expect(await as!.until(work)).toBe(7);
    expect(slept.mock.calls.length > 0).toBe(software);
  });
});
