import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What the process holds at a moment; threads and files are null where there is no /proc. */
export interface Held {
  /** What was being done, and how many of it were done. */
  readonly stage: string;
  readonly done: number;
  /** Resident, MiB; and what JavaScript holds of it in objects that are still used. */
  readonly mebibytes: number;
  readonly heap: number;
  readonly threads: number | null;
  readonly files: number | null;
}

const entries = (folder: string): number | null => {
  try {
    return readdirSync(folder).length;
  } catch {
    return null;
  }
};

/** Looks at the process after everything that nobody needs has been let go. */
export function watch(): (stage: string, done: number) => Held {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return (stage, done) => {
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      stage,
      done,
      mebibytes: rss / 2 ** 20,
      heap: heapUsed / 2 ** 20,
      threads: entries('/proc/self/task'),
      files: entries('/proc/self/fd'),
    };
  };
}

/**
 * The median of the slopes between all pairs of points: up to a quarter of them may lie anywhere. 0 for fewer than two.
 * Source: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, 1968.
 */
export function medianSlope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], i) => points.slice(i + 1).flatMap(([x2, y2]) => (x2 === x ? [] : (y2 - y) / (x2 - x))));
  slopes.sort((a, b) => a - b);
  if (slopes.length === 0) return 0;
  return (slopes[(slopes.length - 1) >> 1] + slopes[slopes.length >> 1]) / 2;
}

/** What of a process could grow. */
export type Growth = Readonly<Record<'mebibytes' | 'heap' | 'threads' | 'files', number>>;

/** By how much each quantity grows over a whole stage, by the slope of what came after its first quarter. */
export function growthOver(samples: readonly Held[], stage: string): Growth {
  const of = samples.filter((sample) => sample.stage === stage);
  const all = of.at(-1)?.done ?? 0;
  const settled = of.filter(({ done }) => done >= all / 4);
  const growth = (key: keyof Growth): number => medianSlope(settled.map((held) => [held.done, held[key] ?? 0])) * all;
  return { mebibytes: growth('mebibytes'), heap: growth('heap'), threads: growth('threads'), files: growth('files') };
}
