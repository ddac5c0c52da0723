import { median } from '../measure.ts';

/** Wall-clock and processor seconds of a call. */
export interface Taken {
  readonly seconds: number;
  /** Of all threads of this process, drivers' included. */
  readonly cpuSeconds: number;
}

/** Medians of `runs` calls, one after another. */
export async function takeTimes(runs: number, call: () => Promise<unknown>): Promise<Taken> {
  const taken: Taken[] = [];
  for (let i = 0; i < runs; i++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    await call();
    const seconds = (performance.now() - start) / 1e3;
    const { user, system } = process.cpuUsage(cpu);
    taken.push({ seconds, cpuSeconds: (user + system) / 1e6 });
  }
  return { seconds: median(taken.map((t) => t.seconds)), cpuSeconds: median(taken.map((t) => t.cpuSeconds)) };
}
