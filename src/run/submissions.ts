import type { Dispatch } from '../kernels/kernel.ts';
import type { Pass } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';

/** What one submission should take at most: Windows takes a device away whose work takes two seconds, and displays wait for it. */
const MOST_SECONDS = 0.5;
/** Multiply-adds a second of a slow device of either kind: what is expected before a batch has been timed. */
const SLOW = { software: 1e10, hardware: 2e10 };
/** What takes less says little: timestamps are rounded, and launches count. */
const LEAST_SECONDS = 1e-3;

type Work = Pick<Dispatch, 'macs' | 'invocations'>;

/** Multiply-adds of a dispatch, or one for each invocation where these are more. */
const workOf = ({ macs, invocations }: Work, chunk: Steps | null): number => Math.max(macs * (chunk?.steps ?? 1), invocations);

/** The work of passes. */
export const workOfPasses = (dispatches: readonly Work[], passes: readonly Pass<Steps>[]): number =>
  passes.reduce((sum, pass) => pass.dispatches.reduce((all, d) => all + workOf(dispatches[d], pass.chunk), sum), 0);

/** How much work goes into one submission: what batches took says what the next may hold. */
export class Pace {
  #rate: number;

  /** @param software the device computes on the CPU */
  constructor(software: boolean) {
    this.#rate = software ? SLOW.software : SLOW.hardware;
  }

  /** Work of one submission, at most. */
  get most(): number {
    return this.#rate * MOST_SECONDS;
  }

  /** A full batch of so much work took so long. */
  took(work: number, seconds: number): void {
    if (seconds >= LEAST_SECONDS) this.#rate = work / seconds;
  }
}

/**
 * Cuts the passes of a batch into submissions of so much work at most, within a pass where it must be; a dispatch stays whole. What is little
 * stays one. Pure.
 * @param dispatches of the program
 */
export function cutPasses(dispatches: readonly Work[], passes: readonly Pass<Steps>[], most: number): readonly Pass<Steps>[][] {
  const submissions: Pass<Steps>[][] = [[]];
  let work = 0;
  for (const pass of passes) {
    let part: number[] = [];
    for (const d of pass.dispatches) {
      const own = workOf(dispatches[d], pass.chunk);
      if (work > 0 && work + own > most) {
        // whoever looks at the state behind a pass does so behind its last part
        if (part.length > 0) submissions[submissions.length - 1].push({ ...pass, dispatches: part, mark: null });
        submissions.push([]);
        [part, work] = [[], 0];
      }
      part.push(d);
      work += own;
    }
    submissions[submissions.length - 1].push({ ...pass, dispatches: part });
  }
  return submissions;
}
