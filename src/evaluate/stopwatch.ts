import { type ImageSource, sourceLike } from '../run/source.ts';

/** What an evaluation spends its time on. */
export type Stage = 'import' | 'compile' | 'calibration' | 'ann' | 'snn';

/** Wall-clock seconds since it was made, and of each stage. */
export class Stopwatch {
  readonly #start: number;
  readonly stages: Record<Stage, number> = { import: 0, compile: 0, calibration: 0, ann: 0, snn: 0 };
  /** Seconds from the start to a stage's beginning, the first one where it has several parts. */
  readonly begun: Partial<Record<Stage, number>> = {};

  /** @param imported seconds that the model's import took before */
  constructor(imported = 0) {
    this.#start = performance.now() - imported * 1000;
    this.stages.import = imported;
  }

  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Does the work and adds its time to the stage. */
  async time<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    this.begun[stage] ??= (start - this.#start) / 1000;
    try {
      return await work();
    } finally {
      this.stages[stage] += (performance.now() - start) / 1000;
    }
  }
}

/** A source, and the seconds in which it was read. */
export function timedSource<S extends ImageSource>(source: S) {
  let seconds = 0;
  const read = async (first: number, count: number): Promise<Uint8Array> => {
    const start = performance.now();
    const pixels = await source.read(first, count);
    seconds += (performance.now() - start) / 1000;
    return pixels;
  };
  return { source: sourceLike(source, { read }), seconds: () => seconds };
}
