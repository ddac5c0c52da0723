import { expect, it } from 'vitest';
import { isSettled, untilSettled } from '../../src/tune/settle.ts';

it.each([
  ['no times', [], false],
  ['too few to compare', [5, 5, 5], false],
  ['equal ones', [5, 5, 5, 5], true],
  ['clocks that still rise', [100, 80, 64, 51], false],
  ['risen clocks', [100, 50, 50, 50, 50], true],
  ['a gain two runs ago', [50, 50, 40, 40], false],
  ['a gain below a twentieth', [50, 48, 48, 48], true],
  ['a disturbance', [50, 50, 90, 51], true],
  ['a card that grows warm and slow', [50, 52, 54, 56], true],
])('settled or not: %s', (_, times, expected) => {
  expect(isSettled(times)).toBe(expected);
});

/** Times one after another, the last one for ever. */
const madeUp = (times: readonly number[]) => {
  let taken = 0;
  return () => Promise.resolve(times[Math.min(taken++, times.length - 1)]);
};

it.each([
  ['stops as soon as three runs bring nothing more', [4000, 90, 70, 60, 60, 60, 60, 60], 1e6, [4000, 90, 70, 60, 60, 60, 60]],
  ['stops after so many ms', [100, 80, 60, 40, 20], 250, [100, 80, 60, 40]],
  ['runs twice at least: a driver compiles in the first', [4000, 100], 500, [4000, 100]],
])('a warm-up %s', async (_, times, mostMs, expected) => {
  expect(await untilSettled(madeUp(times), mostMs)).toEqual(expected);
});
