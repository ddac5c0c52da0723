import type { Chart } from '../../src/plot/render.ts';

/** Resident memory of the process at a moment. */
export interface Sample {
  readonly seconds: number;
  readonly mebibytes: number;
  /** What was being done, and how many images of it were done. */
  readonly stage: string;
  readonly done: number;
}

/** Milliseconds between samples. */
const INTERVAL = 250;

/** Watches the process's resident memory. */
export class MemoryWatch {
  readonly samples: Sample[] = [];
  readonly #start = performance.now();
  readonly #timer = setInterval(() => this.#take(), INTERVAL);
  #stage = 'start';
  #done = 0;

  constructor() {
    this.#take();
  }

  /** Says what is being done. */
  show({ stage, done }: { readonly stage: string; readonly done: number }): void {
    this.#stage = stage;
    this.#done = done;
    // work that never lets a timer in is seen all the same
    const last = this.samples[this.samples.length - 1]?.seconds ?? 0;
    if (performance.now() - this.#start - last * 1000 > INTERVAL) this.#take();
  }

  #take(): void {
    const mebibytes = process.memoryUsage.rss() / 2 ** 20;
    this.samples.push({ seconds: (performance.now() - this.#start) / 1000, mebibytes, stage: this.#stage, done: this.#done });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#take();
  }
}

export const peakOf = (samples: readonly Sample[]): number => samples.reduce((most, { mebibytes }) => Math.max(most, mebibytes), 0);

/** Mean of a stage's last tenth less that of the tenth after its first: what it grows by once it is under way. */
export function growthOf(samples: readonly Sample[], stage: string): number {
  const of = samples.filter((sample) => sample.stage === stage);
  const tenth = Math.max(1, Math.floor(of.length / 10));
  const mean = (some: readonly Sample[]) => some.reduce((sum, { mebibytes }) => sum + mebibytes, 0) / some.length;
  return mean(of.slice(-tenth)) - mean(of.slice(tenth, 2 * tenth));
}

/** Resident memory over time, with what the pixels alone would take as a whole. */
export const memoryChart = (samples: readonly Sample[], title: string, subtitle: string): Chart => ({
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  title: { text: title, subtitle, anchor: 'start' },
  config: { font: 'DejaVu Sans, Helvetica, Arial, sans-serif', view: { stroke: '#ddd' }, axis: { gridColor: '#eee' } },
  width: 520,
  height: 220,
  data: { values: [...samples] },
  mark: { type: 'line', strokeWidth: 1.5 },
  encoding: {
    x: { field: 'seconds', type: 'quantitative', axis: { title: 'seconds', grid: false } },
    y: { field: 'mebibytes', type: 'quantitative', scale: { zero: true }, axis: { title: 'resident memory, MiB' } },
    color: { field: 'stage', type: 'nominal', sort: null, legend: { title: null, orient: 'top' } },
  },
});
