import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { type BatchSize, batchFor } from '../plan/batch.ts';
import type { Choices } from '../plan/choices.ts';
import { type AnnBatch, type Batch, logitsAt, type OnBatch } from '../run/batch.ts';
import type { Calibration, CalibrationSession } from '../run/calibration-session.ts';
import { Session } from '../run/session.ts';
import { type ImageSource, spread } from '../run/source.ts';
import { type Estimates, estimateSums } from './estimate.ts';
import { anew, type Once } from './once.ts';

/**
 * Images that conversions are tried on, at most: all of those for calibration where these are as many as by default, else some, evenly
 * spread. Ten times as many would have a third of the standard error and take ten times as long.
 */
export const TRIED_IMAGES = 500;

/** Some of the calibration images, and what the trained network makes of them. */
export interface TriedImages {
  readonly source: ImageSource;
  /** [image][class] */
  readonly logits: Float32Array;
}

/** Keeps, while the trained network runs over a source, the logits of the images that conversions are tried on. */
export function keepTried(calibration: ImageSource, classes: number): TriedImages & { readonly add: (batch: AnnBatch) => void } {
  const count = Math.min(calibration.count, TRIED_IMAGES);
  const logits = new Float32Array(count * classes);
  let kept = 0;
  const add = ({ first, images, logits: some }: AnnBatch): void => {
    for (; kept < count; kept++) {
      const n = Math.floor((kept * calibration.count) / count) - first;
      if (n >= images) return;
      logits.set(some.subarray(n * classes, (n + 1) * classes), kept * classes);
    }
  };
  return { source: count === calibration.count ? calibration : spread(calibration, count), logits, add };
}

/** Calibrates, and keeps what conversions are tried on. @param onBatch takes what each batch gave @param once makes both */
export async function calibrateForTrials(
  session: CalibrationSession,
  onBatch: OnBatch<AnnBatch> = () => {},
  once: Once = anew,
): Promise<{ readonly calibration: Calibration; readonly tried: TriedImages }> {
  const { layers } = session.ann;
  const { source: some, logits: kept, add } = keepTried(session.source, layers[layers.length - 1].shape.channels);
  const { calibration, logits } = await once('calibration and logits', async () => {
    const measured = await session.calibrate((batch) => {
      add(batch);
      return onBatch(batch);
    });
    return { calibration: measured, logits: kept };
  });
  return { calibration, tried: { source: some, logits } };
}

/** How conversions are tried. */
export interface TrialOptions {
  /** Words that are looked at. */
  readonly waves: number;
  /** Images at once, at most, or "auto" (default). */
  readonly batch?: BatchSize | undefined;
  /** How layers are computed; only time depends on it. */
  readonly choices?: Choices | undefined;
}

/** What a network's n-th word costs. */
export interface WordEstimates {
  /** Steps from the image's onset to the word. */
  readonly t: number;
  readonly estimates: Estimates;
}

/** Runs a converted network over the images and estimates what each word of it costs. @param onImages called with the images done */
export async function tryNetwork(
  device: Device,
  network: SpikingNetwork,
  { source, logits }: TriedImages,
  { waves, batch = 'auto', choices = {} }: TrialOptions,
  onImages: (done: number) => void = () => {},
): Promise<WordEstimates[]> {
  const session = await Session.create(device, network, {
    waves,
    batch: batchFor(batch, source.count),
    imageCount: source.count,
    choices,
  });
  try {
    const words = session.words.map((point) => ({ point, ...estimateSums() }));
    const classes = session.units.length;
    const { steps } = session.points;
    await session.run(source, (some: Batch) => {
      for (const { point, add } of words) {
        const spiking = logitsAt(some, point, session);
        for (let n = 0; n < some.images; n++) {
          const at = (some.first + n) * classes;
          add(logits.subarray(at, at + classes), spiking.subarray(n * classes, (n + 1) * classes));
        }
      }
      onImages(some.first + some.images);
    });
    return words.map(({ point, estimates }) => ({ t: steps[point], estimates: estimates() }));
  } finally {
    session.dispose();
  }
}
