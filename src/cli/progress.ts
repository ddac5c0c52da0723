import { SingleBar } from 'cli-progress';

/** How far a command is: images done of a stage's images. */
interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly images: number;
}

const STAGES: Readonly<Record<string, string>> = {
  checking: 'checking',
  calibration: 'calibrating',
  correction: 'correcting',
  choice: 'choosing K',
  ann: 'ANN',
  snn: 'SNN',
  sweep: 'sweeping',
  trials: 'searching',
  diagnosis: 'diagnosing',
  explain: 'explaining',
  remedies: 'trying',
  compare: 'comparing',
  predict: 'predicting',
  record: 'recording',
};

/** What is counted, where it is not images. */
const UNITS: Readonly<Record<string, string>> = { trials: 'trials', correction: 'layers' };

/** A progress bar, one stage after another; nothing where there is no stream to draw it on. */
export interface ProgressBar {
  readonly show: (progress: Progress) => void;
  /** Takes the bar away. */
  readonly stop: () => void;
}

/** Draws progress on a terminal. Cursor and line wrap are left alone, so that an interrupted command leaves nothing to repair. */
export function progressBar(stream: NodeJS.WritableStream | null): ProgressBar {
  if (!stream) return { show: () => {}, stop: () => {} };
  const format = '  {stage} {bar} {value}/{total} {unit}';
  const bar = new SingleBar({
    stream,
    format,
    barsize: 30,
    barCompleteChar: '█',
    barIncompleteChar: '·',
    clearOnComplete: true,
    gracefulExit: false,
    linewrap: true,
  });
  let stage: string | null = null;
  return {
    show: (progress) => {
      if (progress.stage !== stage) {
        bar.stop();
        stage = progress.stage;
        bar.start(progress.images, 0, {
          stage: (STAGES[stage] ?? stage).padEnd(14),
          unit: UNITS[stage] ?? 'images',
        });
      }
      bar.update(progress.done);
    },
    stop: () => bar.stop(),
  };
}
