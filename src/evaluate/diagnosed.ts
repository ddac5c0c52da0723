import { optionsOf } from '../checks.ts';
import type { Device } from '../gpu/device.ts';
import type { Decoding } from '../network/diagnosis.ts';
import { phasesAt, type SpikingNetwork } from '../network/network.ts';
import type { Sent } from '../network/timetable.ts';
import { DiagnosisSession } from '../observe/diagnosis.ts';
import { prepareTallies, type Tallies } from '../observe/tally.ts';
import { batchUpTo } from '../plan/batch.ts';
import { ANN_SESSION_OPTIONS, AnnSession } from '../run/ann-session.ts';
import type { AnnBatch, Batch, RunTiming } from '../run/batch.ts';
import { Session } from '../run/session.ts';
import { eachBatch, type ImageSource, pixelsSource } from '../run/source.ts';
import type { Hits } from './accuracy.ts';
import type { DiagnosedDone } from './checkpoint.ts';
import { type DiagnosisFrame, decodeWords, diagnosisFrame } from './diagnosis.ts';
import { batchWords } from './digest.ts';
import { merge } from './folds.ts';
import type { LastingDevice } from './lasting.ts';
import type { Ledger } from './ledger.ts';
import { type Part, type Report, restOf, type SpikingPass, spikingFold, trainedFold } from './passes.ts';
import type { Evaluation } from './prepare.ts';
import type { Stopwatch } from './stopwatch.ts';
import { inSteps, type SpikingSums } from './sums.ts';
import { openTogether } from './together.ts';

/** A part of the images, run by both networks and compared layer by layer. */
export interface DiagnosedPass extends Omit<SpikingPass, 'sums'> {
  /** Of all images of the part that are done. */
  readonly sums: DiagnosedDone;
  readonly frame: DiagnosisFrame;
  /** That it took. */
  readonly seconds: number;
}

/** Both networks, keeping what all their layers gave for a batch, and what compares them. */
interface Sessions {
  readonly trained: AnnSession;
  readonly spiking: Session;
  readonly tallies: Tallies;
  readonly diagnoser: DiagnosisSession;
  readonly dispose: () => void;
}

/**
 * Runs what of a part its ledger lacks batch by batch with both networks and diagnoses each batch while it lies in their buffers (specification, section 10),
 * after all waves. Nothing is run for the diagnosis alone: what the batches give counts as any other's.
 * @throws OptionError, DeviceError
 */
export function runDiagnosed(
  lasting: LastingDevice,
  network: SpikingNetwork,
  evaluation: Evaluation,
  part: Part,
  { diagnosed: track, digester }: Pick<Ledger, 'diagnosed' | 'digester'>,
  stopwatch: Stopwatch,
  report: Report,
): Promise<DiagnosedPass> {
  const start = performance.now();
  const opened = (device: Device) =>
    stopwatch.time('compile', () => open(device, network, evaluation, part.source.count, digester !== null));
  return lasting.withSession(opened, async (sessions) => {
    const { done } = track;
    const rest = restOf(part, done.images);
    const { trained, spiking, tallies } = sessions;
    const layers = tallies.layers.map(({ layer }) => layer);
    const sent = layers.map(() => ({ words: evaluation.waves, bits: 0 }));
    const decoding = layers.map((l, i) => decodeWords(phasesAt(network, l), sent[i]));
    const trainedSums = trainedFold(rest, done.sums?.trained);
    const spikingSums = spikingFold(rest, spiking, done.sums?.spiking);
    let timing: RunTiming | null = null;
    await eachBatch(rest.source, spiking.plan.batch, async (pixels, first, images) => {
      const one = await runBatch(sessions, pixelsSource(pixels, part.source.shape), sent, decoding, stopwatch);
      // only now: had the device been lost before, the whole batch would run again
      for (const batch of one.trained) trainedSums.add({ ...batch, first });
      for (const batch of one.spiking) {
        spikingSums.add({ ...batch, first });
        digester?.add(rest.first + first, images, batchWords(network, spiking.plan, batch));
      }
      timing = timing === null ? one.timing : oneAfterAnother(timing, one.timing);
      const before = track.done.sums;
      const sums = {
        images: done.images + first + images,
        layers: before === null ? one.measured : merge(before.layers, one.measured),
        trained: trainedSums.sums() as Hits,
        spiking: spikingSums.sums() as SpikingSums,
      };
      track.note(sums.images, sums);
      lasting.progressed();
      report({ stage: 'diagnosis', done: sums.images, images: part.source.count });
    });
    return {
      images: rest.source.count,
      timing: timing ?? NO_TIME,
      readSeconds: null,
      plan: spiking.plan,
      points: spiking.points,
      refusedBatch: trained.refusedBatch ?? spiking.refusedBatch,
      sums: track.done.sums as DiagnosedDone,
      frame: diagnosisFrame(network, layers, decoding),
      seconds: (performance.now() - start) / 1000,
    };
  });
}

/** What both networks make of one batch, and how they compare. */
async function runBatch(
  { trained, spiking, tallies, diagnoser }: Sessions,
  source: ImageSource,
  sent: readonly Sent[],
  decoding: readonly Decoding[],
  stopwatch: Stopwatch,
) {
  const found = { trained: [] as AnnBatch[], spiking: [] as Batch[] };
  await stopwatch.time('ann', () => trained.run(source, (batch) => void found.trained.push(batch)));
  const { timing } = await stopwatch.time('snn', () => spiking.run(source, (batch) => void found.spiking.push(batch)));
  tallies.set(source.count, sent);
  return { ...found, timing, measured: (await diagnoser.measure(source.count, decoding)).map(inSteps) };
}

/** Of no batch: the device was lost behind the last one. */
const NO_TIME: RunTiming = { seconds: 0, firstBatchSeconds: 0, gpuBusySeconds: null };

/** The timing of two runs, where nothing between them counts. */
const oneAfterAnother = (a: RunTiming, b: RunTiming): RunTiming => ({
  seconds: a.seconds + b.seconds,
  firstBatchSeconds: a.firstBatchSeconds,
  gpuBusySeconds: a.gpuBusySeconds === null || b.gpuBusySeconds === null ? null : a.gpuBusySeconds + b.gpuBusySeconds,
});

function open(
  device: Device,
  network: SpikingNetwork,
  evaluation: Evaluation,
  imageCount: number,
  readWords: boolean,
): Promise<Sessions> {
  const { ann, batch, waves, choices } = evaluation;
  return openTogether(async (keep) => {
    const cells = { ...optionsOf(ANN_SESSION_OPTIONS, evaluation), imageCount, keepCells: true };
    const trained = keep(await AnnSession.create(device, ann, cells));
    const options = { batch: batchUpTo(batch, trained.plan.batch), waves, choices, keepWords: true, readWords };
    const spiking = keep(await Session.create(device, network, options));
    const tallies = keep(await prepareTallies(spiking));
    const diagnoser = keep(await DiagnosisSession.create(device, network, trained, tallies, spiking.plan.batch));
    return { trained, spiking, tallies, diagnoser };
  });
}
