import type { SpikingNetwork } from '../network/network.ts';
import { readoutPhases, wordSteps } from '../network/timetable.ts';
import type { Points } from '../run/batch.ts';
import type { Accuracy } from './accuracy.ts';
import type { Diagnosis, DiagnosisFrame } from './diagnosis.ts';
import type { SpikingPass } from './passes.ts';
import { type LayerFigures, layerFigures, type SpikingAccuracy, type Timing } from './result.ts';
import type { Stopwatch } from './stopwatch.ts';
import { type EvaluationSums, type Frame, summedFigures } from './sums.ts';

/** What an evaluation's sums come to. */
export interface SpikingFigures {
  readonly ann: Accuracy | null;
  readonly snn: Omit<SpikingAccuracy, 'agreement'> & { readonly agreement: number | null };
  readonly layers: readonly LayerFigures[];
  readonly spikesPerImage: number;
  readonly diagnosis: Omit<Diagnosis, 'layers'> | null;
}

/** @param points of the run */
export const frameOf = ({ layers }: SpikingNetwork, { steps }: Pick<Points, 'steps'>, diagnosis: DiagnosisFrame | null): Frame => ({
  steps,
  layers: layers.flatMap(({ kind }, l) => (kind === 'pool' ? [] : [l])),
  diagnosis,
});

/** Accuracies, spikes and diagnosis of a network. */
export function spikingFigures(network: SpikingNetwork, frame: Frame, sums: EvaluationSums): SpikingFigures {
  const { steps } = frame;
  const { images, ann, snn, diagnosis } = summedFigures(frame, sums);
  const { curve, agreement, ...last } = snn;
  const layers = layerFigures(network, sums.spiking.spikes, images);
  const { layers: found, ...summary } = diagnosis ?? { layers: [] };
  const { timetable } = network;
  const window = readoutPhases(timetable);
  const reached = Array.from({ length: steps.length / window }, (_, i) => wordSteps(timetable, i + 1));
  const times = { timesteps: steps[steps.length - 1], firstOutput: reached[0], wordSteps: reached, window };
  return {
    ann,
    snn: { ...last, ...times, curve, agreement },
    layers: layers.map((layer, l) => ({ ...layer, ...found[l] })),
    spikesPerImage: layers.reduce((sum, layer) => sum + layer.spikesPerImage, 0),
    diagnosis: diagnosis && (summary as Omit<Diagnosis, 'layers'>),
  };
}

/** Rates are over the wall-clock time of the spiking run alone; a plan's multiply-adds are of one full batch. */
export function timing(
  stopwatch: Stopwatch,
  { images, timing: run, plan, readSeconds }: Omit<SpikingPass, 'sums'>,
  peakGpuBytes: number,
): Timing {
  const { seconds, stages, begun } = stopwatch;
  const macsPerImage = plan.dispatches.reduce((sum, { macs }) => sum + macs, 0) / plan.batch;
  return {
    seconds,
    imagesPerSecond: images / stages.snn,
    macsPerSecond: (macsPerImage * images) / stages.snn,
    importSeconds: stages.import,
    compileSeconds: stages.compile,
    calibrationSeconds: stages.calibration,
    annSeconds: stages.ann,
    snnSeconds: stages.snn,
    firstResultSeconds: (begun.snn ?? 0) + run.firstBatchSeconds,
    steadyImagesPerSecond: images > plan.batch ? (images - plan.batch) / (run.seconds - run.firstBatchSeconds) : null,
    gpuIdleShare: run.gpuBusySeconds === null ? null : Math.max(0, 1 - run.gpuBusySeconds / run.seconds),
    readImagesPerSecond: readSeconds ? images / readSeconds : null,
    peakGpuBytes,
  };
}
