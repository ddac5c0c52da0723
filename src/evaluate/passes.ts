import { type Converted, calibrateAndConvert } from '../convert/convert.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { WordsProgram } from '../plan/words/plan.ts';
import { AnnSession } from '../run/ann-session.ts';
import type { AnnBatch, Batch, Points, RunSummary } from '../run/batch.ts';
import { Session } from '../run/session.ts';
import { type LabelledSource, sliceSource } from '../run/source.ts';
import { bestClasses, countAgreeing, countHits, type Hits } from './accuracy.ts';
import { channelOrder } from './channel-order.ts';
import { hitsAtPoints, readingsAt } from './curve.ts';
import { type Fold, folding } from './folds.ts';
import type { LastingDevice } from './lasting.ts';
import { type Note, phaseNotes, silentNotes, stepNotes } from './notes.ts';
import type { Evaluation } from './prepare.ts';
import { type Stopwatch, timedSource } from './stopwatch.ts';

/** How far an evaluation is: images done of a stage's images; layers in the stage "correction". */
export interface Progress {
  readonly stage: 'calibration' | 'correction' | 'choice' | 'ann' | 'snn' | 'diagnosis';
  readonly done: number;
  readonly images: number;
}

export type Report = (progress: Progress) => void;

/** Some of the images that are evaluated. */
export interface Part {
  readonly source: LabelledSource;
  /** The class that the trained network puts each image in, once it has run: all that is kept of an image. */
  readonly classes: Uint16Array | Uint32Array;
}

/** What spiking batches add up to. */
export interface SpikingSums {
  /** At each point of the run. */
  readonly hits: readonly Hits[];
  /** Images whose class at the last point is the trained network's. */
  readonly agreeing: number;
  /** Of each layer. */
  readonly spikes: readonly number[];
}

/** A spiking network's run over a part. */
export interface SpikingPass extends RunSummary {
  /** Seconds in which the source read its images; null where that was not measured. */
  readonly readSeconds: number | null;
  readonly plan: WordsProgram;
  /** Images at once for which the device had no memory; null where it had. */
  readonly refusedBatch: number | null;
  readonly points: Points;
  readonly sums: SpikingSums;
}

/** Cuts images into the first and the rest; null for a part without images. */
export function cutImages(images: LabelledSource, first: number, classes: number): readonly [Part | null, Part | null] {
  const found = classes > 2 ** 16 ? new Uint32Array(images.count) : new Uint16Array(images.count);
  const part = (from: number, to: number): Part | null =>
    from === to ? null : { source: sliceSource(images, from, to - from), classes: found.subarray(from, to) };
  const cut = Math.min(first, images.count);
  return [part(0, cut), part(cut, images.count)];
}

/** Adds up where the trained network puts the images of a part, and notes the class of each. */
export const trainedFold = ({ source, classes }: Part): Fold<AnnBatch, Hits> =>
  folding(({ first, images, logits }) => {
    const readings = { values: logits, images };
    classes.set(bestClasses(readings), first);
    return countHits(readings, source.labels, first);
  });

/** Adds up what the spiking network makes of a part whose images the trained network has seen. */
export function spikingFold(
  { source, classes }: Part,
  { units, points }: { readonly units: Float64Array; readonly points: Points },
): Fold<Batch, SpikingSums> {
  const all = points.steps.map((_, p) => p);
  return folding((batch) => ({
    hits: hitsAtPoints(batch, all, units, source.labels, batch.first),
    agreeing: countAgreeing(readingsAt(batch, all.length - 1, units), classes, batch.first),
    spikes: batch.spikes,
  }));
}

/** Where the trained network puts the images of a part, whose classes it notes. @param onImages called with the images done */
export async function trainedHits(session: AnnSession, part: Part, onImages: (done: number) => void): Promise<Hits> {
  const fold = trainedFold(part);
  await session.run(part.source, (batch) => {
    fold.add(batch);
    onImages(batch.first + batch.images);
  });
  return fold.sums() as Hits;
}

/** A conversion, and what the user should know of it. */
interface Calibrated {
  readonly converted: Converted;
  readonly notes: readonly Note[];
}

/** Calibrates the trained network and converts it. */
async function calibrated(session: AnnSession, evaluation: Evaluation, stopwatch: Stopwatch, report: Report): Promise<Calibrated> {
  const { ann, calibrationSource } = evaluation;
  const order = channelOrder(calibrationSource);
  let silent: readonly string[] = [];
  const onSilent = (layers: readonly string[]) => {
    silent = layers;
  };
  const onBatch = (batch: AnnBatch) => {
    order.add(batch);
    report({ stage: 'calibration', done: batch.first + batch.images, images: calibrationSource.count });
  };
  const onTried = (done: number, images: number) => report({ stage: 'choice', done, images });
  const onCorrected = (done: number, layers: number) => report({ stage: 'correction', done, images: layers });
  const converted = await stopwatch.time('calibration', () =>
    calibrateAndConvert(session, calibrationSource, { ...evaluation, onSilent }, { onBatch, onTried, onCorrected }),
  );
  const ordered = await stopwatch.time('calibration', () => order.notes(session));
  const notes = [...ordered, ...silentNotes(silent), ...phaseNotes(converted.phaseChoice), ...stepNotes(ann, converted.network)];
  return { converted, notes };
}

/** Calibrates and converts, then runs the trained network over a part, where there is one, all in one session. */
export function runTrained(
  lasting: LastingDevice,
  evaluation: Evaluation,
  part: Part | null,
  stopwatch: Stopwatch,
  report: Report,
  countChannels = evaluation.perChannel,
): Promise<Converted & { readonly hits: Hits | null; readonly notes: readonly Note[]; readonly refusedBatch: number | null }> {
  const { ann, calibrationSource } = evaluation;
  const imageCount = Math.max(calibrationSource.count, part?.source.count ?? 0);
  const options = { ...evaluation, imageCount, countChannels };
  let known: Calibrated | null = null;
  const fold = part && trainedFold(part);
  const run = part && lasting.resumable(part.source);
  return lasting.through(async (device) => {
    const session = await stopwatch.time('compile', () => AnnSession.create(device, ann, options));
    try {
      const { converted, notes } = known ?? (await calibrated(session, evaluation, stopwatch, report));
      known = { converted, notes };
      const take = (batch: AnnBatch) => {
        fold?.add(batch);
        report({ stage: 'ann', done: batch.first + batch.images, images: part?.source.count ?? 0 });
      };
      if (run) await stopwatch.time('ann', () => run(session, take));
      return { ...converted, hits: fold?.sums() ?? null, notes, refusedBatch: session.refusedBatch };
    } finally {
      session.dispose();
    }
  });
}

/** Runs the spiking network over a part. */
export function runSpiking(
  lasting: LastingDevice,
  network: SpikingNetwork,
  { batch: size, waves, choices }: Pick<Evaluation, 'batch' | 'waves' | 'choices'>,
  part: Part,
  stopwatch: Stopwatch,
  report: Report,
): Promise<SpikingPass> {
  const options = { batch: size, imageCount: part.source.count, waves, choices };
  const { source, seconds } = timedSource(part.source);
  const run = lasting.resumable(source);
  let fold: Fold<Batch, SpikingSums> | null = null;
  return lasting.through(async (device) => {
    const session = await stopwatch.time('compile', () => Session.create(device, network, options));
    try {
      const own = fold ?? spikingFold(part, session);
      fold = own;
      const take = (batch: Batch) => {
        own.add(batch);
        report({ stage: 'snn', done: batch.first + batch.images, images: source.count });
      };
      const summary = await stopwatch.time('snn', () => run(session, take));
      const { plan, points, refusedBatch } = session;
      return { ...summary, readSeconds: seconds(), plan, points, refusedBatch, sums: own.sums() as SpikingSums };
    } finally {
      session.dispose();
    }
  });
}
