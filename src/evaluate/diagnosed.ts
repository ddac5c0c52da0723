import { optionsOf } from '../checks.ts';
import type { Device } from '../gpu/device.ts';
import { phasesAt, type SpikingNetwork } from '../network/network.ts';
import { DiagnosisSession } from '../observe/diagnosis.ts';
import { prepareTallies, type Tallies } from '../observe/tally.ts';
import { ANN_SESSION_OPTIONS, AnnSession } from '../run/ann-session.ts';
import type { Batch, RunTiming } from '../run/batch.ts';
import { Session } from '../run/session.ts';
import { eachBatch, pixelsSource } from '../run/source.ts';
import type { Hits } from './accuracy.ts';
import type { DiagnosedDone } from './checkpoint.ts';
import { type DiagnosisFrame, decodeWords, diagnosisFrame } from './diagnosis.ts';
import { batchWords } from './digest.ts';
import { merge } from './folds.ts';
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
export async function runDiagnosed(
  device: Device,
  network: SpikingNetwork,
  evaluation: Evaluation,
  part: Part,
  { diagnosed: { done, note }, digester }: Pick<Ledger, 'diagnosed' | 'digester'>,
  stopwatch: Stopwatch,
  report: Report,
): Promise<DiagnosedPass> {
  const start = performance.now();
  const rest = restOf(part, done.images);
  const { source } = rest;
  const sessions = await stopwatch.time('compile', () => open(device, network, evaluation, digester !== null));
  try {
    const { trained, spiking, tallies, diagnoser } = sessions;
    const layers = tallies.layers.map(({ layer }) => layer);
    const sent = layers.map(() => ({ words: evaluation.waves, bits: 0 }));
    const decoding = layers.map((l, i) => decodeWords(phasesAt(network, l), sent[i]));
    const trainedSums = trainedFold(rest, done.sums?.trained);
    const spikingSums = spikingFold(rest, spiking, done.sums?.spiking);
    let sums = done.sums;
    let timing: RunTiming | null = null;
    await eachBatch(source, spiking.plan.batch, async (pixels, first, images) => {
      const one = pixelsSource(pixels, source.shape);
      await stopwatch.time('ann', () => trained.run(one, (batch) => trainedSums.add({ ...batch, first })));
      const onBatch = (batch: Batch) => {
        spikingSums.add({ ...batch, first });
        digester?.add(rest.first + first, images, batchWords(network, spiking.plan, batch));
      };
      const run = await stopwatch.time('snn', () => spiking.run(one, onBatch));
      timing = timing === null ? run.timing : oneAfterAnother(timing, run.timing);
      tallies.set(images, sent);
      const measured = (await diagnoser.measure(images, decoding)).map(inSteps);
      sums = {
        images: done.images + first + images,
        layers: sums === null ? measured : merge(sums.layers, measured),
        trained: trainedSums.sums() as Hits,
        spiking: spikingSums.sums() as SpikingSums,
      };
      note(sums.images, sums);
      report({ stage: 'diagnosis', done: sums.images, images: part.source.count });
    });
    return {
      images: source.count,
      timing: timing as unknown as RunTiming,
      readSeconds: null,
      plan: spiking.plan,
      points: spiking.points,
      sums: sums as unknown as DiagnosedDone,
      frame: diagnosisFrame(network, layers, decoding),
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    sessions.dispose();
  }
}

/** The timing of two runs, where nothing between them counts. */
const oneAfterAnother = (a: RunTiming, b: RunTiming): RunTiming => ({
  seconds: a.seconds + b.seconds,
  firstBatchSeconds: a.firstBatchSeconds,
  gpuBusySeconds: a.gpuBusySeconds === null || b.gpuBusySeconds === null ? null : a.gpuBusySeconds + b.gpuBusySeconds,
});

function open(device: Device, network: SpikingNetwork, evaluation: Evaluation, readWords: boolean): Promise<Sessions> {
  const { ann, batch, waves, choices } = evaluation;
  return openTogether(async (keep) => {
    const trained = keep(await AnnSession.create(device, ann, { ...optionsOf(ANN_SESSION_OPTIONS, evaluation), keepCells: true }));
    const options = { batch: Math.min(batch, trained.plan.batch), waves, choices, keepWords: true, readWords };
    const spiking = keep(await Session.create(device, network, options));
    const tallies = keep(await prepareTallies(spiking));
    const diagnoser = keep(await DiagnosisSession.create(device, network, trained, tallies, spiking.plan.batch));
    return { trained, spiking, tallies, diagnoser };
  });
}
