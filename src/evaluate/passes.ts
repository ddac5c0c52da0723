import { optionsOf } from '../checks.ts';
import type { Converted } from '../convert/convert.ts';
import { anew, type Once } from '../convert/once.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { WordsProgram } from '../plan/words/plan.ts';
import { ANN_SESSION_OPTIONS, AnnSession } from '../run/ann-session.ts';
import type { AnnBatch, Batch, Points, RunSummary } from '../run/batch.ts';
import type { CalibrationSession } from '../run/calibration-session.ts';
import { Session } from '../run/session.ts';
import { type LabelledSource, sliceSource } from '../run/source.ts';
import { bestClasses, countAgreeing, countHits, type Hits } from './accuracy.ts';
import { type Calibrated, calibrated, calibrationSession } from './calibrated.ts';
import { channelOrder } from './channel-order.ts';
import { hitsAtPoints, readingsAt } from './curve.ts';
import { batchWords } from './digest.ts';
import { type Fold, folding } from './folds.ts';
import type { LastingDevice } from './lasting.ts';
import { type Ledger, type Track, untracked } from './ledger.ts';
import { type Note, phaseNotes, stepNotes } from './notes.ts';
import type { Evaluation } from './prepare.ts';
import { type Stopwatch, timedSource } from './stopwatch.ts';
import type { SpikingSums } from './sums.ts';

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
  /** Index of its first image among all that are evaluated. */
  readonly first: number;
  /** The class that the trained network puts each image in, once it has run: all that is kept of an image. */
  readonly classes: Uint16Array | Uint32Array;
}

/** A spiking network's run over a part. */
export interface SpikingPass extends RunSummary {
  /** Seconds in which the source read its images; null where that was not measured. */
  readonly readSeconds: number | null;
  readonly plan: WordsProgram;
  /** Images at once for which the device had no memory; null where it had. */
  readonly refusedBatch: number | null;
  readonly points: Points;
  /** Of all images of the part that are done. */
  readonly sums: SpikingSums;
}

/** Cuts images into the first and the rest; null for a part without images. */
export function cutImages(images: LabelledSource, first: number, classes: number): readonly [Part | null, Part | null] {
  const found = classes > 2 ** 16 ? new Uint32Array(images.count) : new Uint16Array(images.count);
  const part = (from: number, to: number): Part | null =>
    from === to ? null : { source: sliceSource(images, from, to - from), first: from, classes: found.subarray(from, to) };
  const cut = Math.min(first, images.count);
  return [part(0, cut), part(cut, images.count)];
}

/** A part without the images that are done. */
export const restOf = ({ source, first, classes }: Part, done: number): Part => ({
  source: sliceSource(source, done, source.count - done),
  first: first + done,
  classes: classes.subarray(done),
});

/** Adds up where the trained network puts the images of a part, and notes the class of each. @param before of the images before */
export const trainedFold = ({ source, classes }: Part, before: Hits | null = null): Fold<AnnBatch, Hits> =>
  folding(({ first, images, logits }) => {
    const readings = { values: logits, images };
    classes.set(bestClasses(readings), first);
    return countHits(readings, source.labels, first);
  }, before);

/** Adds up what the spiking network makes of a part whose images the trained network has seen. */
export function spikingFold(
  { source, classes }: Part,
  { units, points }: { readonly units: Float64Array; readonly points: Points },
  before: SpikingSums | null = null,
): Fold<Batch, SpikingSums> {
  const all = points.steps.map((_, p) => p);
  const find = (batch: Batch): SpikingSums => ({
    hits: hitsAtPoints(batch, all, units, source.labels, batch.first),
    agreeing: countAgreeing(readingsAt(batch, all.length - 1, units), classes, batch.first),
    spikes: batch.spikes,
  });
  return folding(find, before);
}

/**
 * Where the trained network puts the images of a part, whose classes it notes.
 * @param onImages called with the images done
 * @param track where it begins
 */
export async function trainedHits(
  session: AnnSession,
  part: Part,
  onImages: (done: number) => void,
  track: Track<Hits> = untracked(),
): Promise<Hits> {
  const { done } = track;
  const rest = restOf(part, done.images);
  const fold = trainedFold(rest, done.sums);
  await session.run(rest.source, (batch) => {
    fold.add(batch);
    const images = done.images + batch.first + batch.images;
    track.note(images, fold.sums() as Hits);
    onImages(images);
  });
  return fold.sums() as Hits;
}

/** Calibrates the trained network and converts it, with all that there is to say of how. */
async function timedConversion(
  session: CalibrationSession,
  evaluation: Evaluation,
  stopwatch: Stopwatch,
  report: Report,
  once: Once,
): Promise<Calibrated> {
  const { ann, calibrationSource } = evaluation;
  const order = channelOrder(calibrationSource);
  const onBatch = (batch: AnnBatch) => {
    order.add(batch);
    report({ stage: 'calibration', done: batch.first + batch.images, images: calibrationSource.count });
  };
  const onTried = (done: number, images: number) => report({ stage: 'choice', done, images });
  const onCorrected = (done: number, layers: number) => report({ stage: 'correction', done, images: layers });
  const { converted, notes: silent } = await stopwatch.time('calibration', () =>
    calibrated(session, evaluation, { onBatch, onTried, onCorrected }, once),
  );
  const ordered = await stopwatch.time('calibration', () => once('order of channels', () => order.notes(session)));
  const notes = [...ordered, ...silent, ...phaseNotes(converted.phaseChoice), ...stepNotes(ann, converted.network)];
  return { converted, notes };
}

/** What a conversion may count for who asks, and where what it gave is kept. */
interface TrainedOptions {
  readonly countChannels?: boolean;
  readonly ledger?: Ledger | null;
  /** Makes the parts of the conversion; the ledger's, where there is one. */
  readonly once?: Once;
}

/** The trained network's run over a part. */
export interface TrainedRun {
  /** null where there is no part. */
  readonly hits: Hits | null;
  /** Images at once for which the device had no memory; null where it had. */
  readonly refusedBatch: number | null;
}

/** Calibrates and converts, in integers; then runs the trained network over a part, where there is one, in f32. */
export async function runTrained(
  lasting: LastingDevice,
  evaluation: Evaluation,
  part: Part | null,
  stopwatch: Stopwatch,
  report: Report,
  { countChannels = evaluation.perChannel, ledger = null, once = ledger?.once ?? anew }: TrainedOptions = {},
): Promise<Converted & TrainedRun & { readonly notes: readonly Note[] }> {
  const found = await lasting.withSession(
    (device) => stopwatch.time('compile', () => calibrationSession(device, evaluation, countChannels)),
    async (session) => ({
      ...(await timedConversion(session, evaluation, stopwatch, report, once)),
      refusedBatch: session.refusedBatch,
    }),
  );
  const { converted, notes } = found;
  await ledger?.converted({ network: converted.network, phaseChoice: converted.phaseChoice, notes });
  const track = ledger?.trained ?? untracked<Hits>();
  const { hits, refusedBatch } = await resumeTrained(lasting, evaluation, part, stopwatch, report, { trained: track });
  return { ...converted, notes, hits, refusedBatch: found.refusedBatch ?? refusedBatch };
}

/** Runs the trained network over the images of a part that a ledger lacks. */
export async function resumeTrained(
  lasting: LastingDevice,
  evaluation: Evaluation,
  part: Part | null,
  stopwatch: Stopwatch,
  report: Report,
  { trained: track }: Pick<Ledger, 'trained'>,
): Promise<TrainedRun> {
  const { images, sums } = track.done;
  if (part === null || images === part.source.count) return { hits: sums, refusedBatch: null };
  const options = { ...optionsOf(ANN_SESSION_OPTIONS, evaluation), imageCount: part.source.count };
  const create = (device: Device) => stopwatch.time('compile', () => AnnSession.create(device, evaluation.ann, options));
  const onImages = (done: number): void => {
    lasting.progressed();
    report({ stage: 'ann', done, images: part.source.count });
  };
  return lasting.withSession(create, async (session) => {
    const hits = await stopwatch.time('ann', () => trainedHits(session, part, onImages, track));
    return { hits, refusedBatch: session.refusedBatch };
  });
}

/** Runs the spiking network over what of a part its ledger lacks, where that is some of it. */
export async function runSpiking(
  lasting: LastingDevice,
  network: SpikingNetwork,
  { batch: size, waves, choices }: Pick<Evaluation, 'batch' | 'waves' | 'choices'>,
  part: Part,
  { spiking: track, digester }: Pick<Ledger, 'spiking' | 'digester'>,
  stopwatch: Stopwatch,
  report: Report,
): Promise<SpikingPass | null> {
  if (track.done.images === part.source.count) return null;
  const options = { batch: size, imageCount: part.source.count, waves, choices, readWords: digester !== null };
  const create = (device: Device) => stopwatch.time('compile', () => Session.create(device, network, options));
  return lasting.withSession(create, async (session) => {
    const { done } = track;
    const rest = restOf(part, done.images);
    const { source, seconds } = timedSource(rest.source);
    const fold = spikingFold(rest, session, done.sums);
    const onBatch = (batch: Batch) => {
      fold.add(batch);
      digester?.add(rest.first + batch.first, batch.images, batchWords(network, session.plan, batch));
      const images = done.images + batch.first + batch.images;
      track.note(images, fold.sums() as SpikingSums);
      lasting.progressed();
      report({ stage: 'snn', done: images, images: part.source.count });
    };
    const summary = await stopwatch.time('snn', () => session.run(source, onBatch));
    const { plan, points, refusedBatch } = session;
    return { ...summary, readSeconds: seconds(), plan, points, refusedBatch, sums: fold.sums() as SpikingSums };
  });
}
