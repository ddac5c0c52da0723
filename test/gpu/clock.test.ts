import { expect, it } from 'vitest';
import { BusyTime, Clock, isRounded, type PassTime, passSeconds } from '../../src/gpu/clock.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

describeOnDevice('clock', () => {
  it('marks are in the order of the work, in one submission and over several', async (context) => {
    const clock = Clock.of(device!, 3);
    if (!clock) return context.skip('the device has no timestamps');
    for (const marks of [[0, 1], [2]]) {
      const encoder = device!.handle.createCommandEncoder();
      for (const mark of marks) clock.mark(encoder, mark);
      device!.handle.queue.submit([encoder.finish()]);
    }
    const [first, second, third] = await clock.read();
    clock.dispose();
    expect(first).toBeGreaterThan(0n);
    expect(second).toBeGreaterThanOrEqual(first);
    expect(third).toBeGreaterThanOrEqual(second);
    device!.check();
  });
});

/** Seconds of passes that are added one after another. */
function busySeconds(times: readonly PassTime[]): number | null {
  const busy = new BusyTime();
  for (const time of times) busy.add(time);
  return busy.seconds;
}

describeOnDevice('timestamps', () => {
  it('are not rounded on a device that openDevice has opened', async (context) => {
    const clock = Clock.of(device!, 4);
    if (!clock) return context.skip('the device has no timestamps');
    const encoder = device!.handle.createCommandEncoder();
    for (let mark = 0; mark < 4; mark++) clock.mark(encoder, mark);
    device!.handle.queue.submit([encoder.finish()]);
    const stamps = await clock.read();
    clock.dispose();
    expect(isRounded(stamps)).toBe(false);
  });
});

it.each([
  ['multiples of 65,536 ns', [0n, 65_536n, 6_553_600n], true],
  ['one that is none', [65_536n, 65_537n], false],
  ['milliseconds', [1_000_000n, 3_000_000n], false],
])('rounded or not: %s', (_, stamps, expected) => {
  expect(isRounded(BigUint64Array.from(stamps))).toBe(expected);
});

/** Passes from pairs of nanoseconds. */
const passes = (...pairs: readonly [number, number][]): PassTime[] =>
  pairs.map(([begin, end]) => ({ begin: BigInt(begin), end: BigInt(end) }));

it.each([
  ['one', passes([5, 9]), 4],
  ['two with a gap between', passes([0, 4], [6, 9]), 7],
  ['two that overlap', passes([0, 6], [4, 9]), 9],
  ['one inside another', passes([0, 9], [4, 6]), 9],
  ['two at once', passes([2, 5], [2, 5]), 3],
  ['one that took less than the clock’s step', passes([7, 7]), 0],
  ['a clock that went back', passes([9, 4]), 0],
])('busy time: %s', (_, times, nanoseconds) => {
  expect(busySeconds(times)).toBe(nanoseconds / 1e9);
});

it('busy time: no pass', () => expect(busySeconds([])).toBeNull());

it('nanoseconds since the machine started do not lose what is small', () => {
  const start = 2n ** 60n;
  expect(passSeconds({ begin: start, end: start + 1n })).toBe(1e-9);
});
