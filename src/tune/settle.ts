/** Runs in a row that may bring no gain before times count as settled. */
const STILL = 3;
/** A gain is a time below this part of the least before it. */
const GAIN = 0.95;

/**
 * Whether a warm-up is over: the last three times are no gain on the least before them. Times fall while a driver compiles and a
 * card's clocks rise; other load on the machine makes single ones longer, which is no reason to go on. Pure.
 */
export function isSettled(times: readonly number[]): boolean {
  if (times.length <= STILL) return false;
  return Math.min(...times.slice(-STILL)) >= GAIN * Math.min(...times.slice(0, -STILL));
}

/**
 * Repeats a measurement until its times settle, or take `mostMs` together; twice at least.
 * @param take measures once, in milliseconds
 * @returns all times, in order
 */
export async function untilSettled(take: () => Promise<number>, mostMs: number): Promise<number[]> {
  const times: number[] = [];
  let sum = 0;
  do {
    const ms = await take();
    times.push(ms);
    sum += ms;
  } while (times.length < 2 || (!isSettled(times) && sum < mostMs));
  return times;
}
