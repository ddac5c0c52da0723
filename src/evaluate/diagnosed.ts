import type { Device } from '../gpu/device.ts';
import type { Decoding, LayerSums } from '../network/diagnosis.ts';
import { phasesAt, type SpikingNetwork } from '../network/network.ts';
import type { Sent } from '../network/timetable.ts';
import { DiagnosisSession } from '../observe/diagnosis.ts';
import { prepareTallies, type Tallies } from '../observe/tally.ts';
import { batchUpTo } from '../plan/batch.ts';
import { AnnSession } from '../run/ann-session.ts';
import type { AnnBatch, Batch, RunTiming } from '../run/batch.ts';
import { Session } from '../run/session.ts';
import { eachBatch, type ImageSource, pixelsSource, sliceSource } from '../run/source.ts';
import type { Hits } from './accuracy.ts';
import { type Diagnosis, decodeWords, diagnosis } from './diagnosis.ts';
import { type Fold, merge } from './folds.ts';
import type { LastingDevice } from './lasting.ts';
import { type Part, type Report, type SpikingPass, type SpikingSums, spikingFold, trainedFold } from './passes.ts';
import type { Evaluation } from './prepare.ts';
import type { DiagnosisSummary } from './result.ts';
import type { Stopwatch } from './stopwatch.ts';
import { openTogether } from './together.ts';

/** A part of the images, run by both networks and compared layer by layer. */
export interface DiagnosedPass extends SpikingPass {
  /** The trained network's. */
  readonly trained: Hits;
  readonly summary: DiagnosisSummary;
  readonly layers: Diagnosis['layers'];
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
 * Runs a part batch by batch with both networks and diagnoses each batch while it lies in their buffers (specification, section 10),
 * after all waves. Nothing is run for the diagnosis alone: what the batches give counts as any other's.
 * @throws OptionError, DeviceError
 */
export function runDiagnosed(
  lasting: LastingDevice,
  network: SpikingNetwork,
  evaluation: Evaluation,
  part: Part,
  stopwatch: Stopwatch,
  report: Report,
): Promise<DiagnosedPass> {
  const start = performance.now();
  const { source } = part;
  const trainedSums = trainedFold(part);
  let spikingSums: Fold<Batch, SpikingSums> | null = null;
  let sums: LayerSums[] | null = null;
  let timing: RunTiming | null = null;
  let done = 0;
  return lasting.through(async (device) => {
    const sessions = await stopwatch.time('compile', () => open(device, network, evaluation, source.count));
    try {
      const { trained, spiking, tallies } = sessions;
      const layers = tallies.layers.map(({ layer }) => layer);
      const sent = layers.map(() => ({ words: evaluation.waves, bits: 0 }));
      const decoding = layers.map((l, i) => decodeWords(phasesAt(network, l), sent[i]));
      const fold = spikingSums ?? spikingFold(part, spiking);
      spikingSums = fold;
      const rest = sliceSource(source, done, source.count - done);
      await eachBatch(rest, spiking.plan.batch, async (pixels, _, images) => {
        const one = await runBatch(sessions, pixelsSource(pixels, source.shape), sent, decoding, stopwatch);
        // only now: had the device been lost before, the whole batch would run again
        for (const batch of one.trained) trainedSums.add({ ...batch, first: done });
        for (const batch of one.spiking) fold.add({ ...batch, first: done });
        timing = timing === null ? one.timing : oneAfterAnother(timing, one.timing);
        sums = sums === null ? one.measured : merge(sums, one.measured);
        done += images;
        lasting.progressed();
        report({ stage: 'diagnosis', done, images: source.count });
      });
      const { layers: found, ...summary } = diagnosis(network, layers, sums as unknown as LayerSums[], decoding, source.count);
      return {
        images: source.count,
        timing: timing as unknown as RunTiming,
        readSeconds: null,
        plan: spiking.plan,
        points: spiking.points,
        refusedBatch: trained.refusedBatch ?? spiking.refusedBatch,
        trained: trainedSums.sums() as Hits,
        sums: fold.sums() as SpikingSums,
        layers: found,
        summary: { ...summary, seconds: (performance.now() - start) / 1000 },
      };
    } finally {
      sessions.dispose();
    }
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
  return { ...found, timing, measured: await diagnoser.measure(source.count, decoding) };
}

/** The timing of two runs, where nothing between them counts. */
const oneAfterAnother = (a: RunTiming, b: RunTiming): RunTiming => ({
  seconds: a.seconds + b.seconds,
  firstBatchSeconds: a.firstBatchSeconds,
  gpuBusySeconds: a.gpuBusySeconds === null || b.gpuBusySeconds === null ? null : a.gpuBusySeconds + b.gpuBusySeconds,
});

function open(device: Device, network: SpikingNetwork, evaluation: Evaluation, imageCount: number): Promise<Sessions> {
  const { ann, batch, waves, choices } = evaluation;
  return openTogether(async (keep) => {
    const trained = keep(await AnnSession.create(device, ann, { ...evaluation, imageCount, keepCells: true }));
    const options = { batch: batchUpTo(batch, trained.plan.batch), waves, choices, keepWords: true };
    const spiking = keep(await Session.create(device, network, options));
    const tallies = keep(await prepareTallies(spiking));
    const diagnoser = keep(await DiagnosisSession.create(device, network, trained, tallies, spiking.plan.batch));
    return { trained, spiking, tallies, diagnoser };
  });
}
