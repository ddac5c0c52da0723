import type { SpikingNetwork } from '../network/network.ts';
import { readoutPhases, wordSteps } from '../network/timetable.ts';
import { accuracyCurve } from './curve.ts';
import type { SpikingPass, SpikingSums } from './passes.ts';
import { type LayerFigures, layerFigures, type SpikingAccuracy, type Timing } from './result.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What a spiking network's sums come to. */
export interface SpikingFigures {
  readonly snn: Omit<SpikingAccuracy, 'agreement'>;
  readonly layers: readonly LayerFigures[];
  readonly spikesPerImage: number;
}

/** Accuracies and spikes. @param steps of each point of the run */
export function spikingFigures(
  network: SpikingNetwork,
  steps: readonly number[],
  { hits, spikes }: SpikingSums,
  images: number,
): SpikingFigures {
  const curve = accuracyCurve(steps, hits);
  const { t: timesteps, ...last } = curve[curve.length - 1];
  const layers = layerFigures(network, spikes, images);
  const { timetable } = network;
  const window = readoutPhases(timetable);
  const reached = Array.from({ length: steps.length / window }, (_, i) => wordSteps(timetable, i + 1));
  return {
    snn: { ...last, timesteps, firstOutput: reached[0], wordSteps: reached, window, curve },
    layers,
    spikesPerImage: layers.reduce((sum, layer) => sum + layer.spikesPerImage, 0),
  };
}

/** Rates are over the wall-clock time of the spiking run alone; a plan's multiply-adds are of one full batch. */
export function timing(
  stopwatch: Stopwatch,
  { images, timing: run, plan, readSeconds }: SpikingPass,
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
