import type { Ann } from '../ann/ann.ts';
import type { DataSet } from '../data/data-set.ts';
import { peakBytes, resetPeakBytes } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf, type SpikingNetwork } from '../network/network.ts';
import { readoutPhases, wordSteps } from '../network/timetable.ts';
import { tunedShapes } from '../plan/choices.ts';
import type { LabelledSource } from '../run/source.ts';
import { accuracyOf, type Hits } from './accuracy.ts';
import { accuracyCurve } from './curve.ts';
import { runDiagnosed } from './diagnosed.ts';
import { classesOf } from './fit.ts';
import { mergeSome } from './folds.ts';
import type { Model } from './model.ts';
import { type EvaluateOptions, settle } from './options.ts';
import { cutImages, type Report, runSpiking, runTrained, type SpikingPass, type SpikingSums } from './passes.ts';
import { prepare } from './prepare.ts';
import { type EvaluationResult, layerFigures, type Timing } from './result.ts';
import { Stopwatch } from './stopwatch.ts';

/**
 * Runs a trained network and its spiking counterpart on labelled images and compares them. Images are read as they are needed, and
 * nothing is kept of a batch but what it adds to sums; each network runs each image once.
 * @param model path of an ONNX file (with its sidecar, where there is one), an imported network, or what `openModel` gave
 * @param images a data set, or a labelled source of the caller's own
 * @param onProgress called as batches are done
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function evaluate(
  device: Device,
  model: string | Ann | Model,
  images: DataSet | LabelledSource,
  options: EvaluateOptions = {},
  onProgress: Report = () => {},
): Promise<EvaluationResult> {
  const stopwatch = new Stopwatch(typeof model === 'object' && 'ann' in model ? model.seconds : 0);
  resetPeakBytes(device);
  const settings = settle(options);
  const evaluation = await stopwatch.time('import', () => prepare(model, images, settings));
  const { ann, dataset, images: evaluated } = evaluation;
  // those to diagnose come last, so that nothing of the diagnosis is in the times and the memory of the others
  const [toDiagnose, others] = cutImages(evaluated, settings.diagnosis, classesOf(ann));
  const { network, hits, notes } = await runTrained(device, evaluation, others, stopwatch, onProgress);
  const spiking = others && (await runSpiking(device, network, evaluation, others, stopwatch, onProgress));
  const timed = spiking && timing(stopwatch, spiking, peakBytes(device));
  const untimed = spiking ? new Stopwatch() : stopwatch;
  const diagnosed = toDiagnose && (await runDiagnosed(device, network, evaluation, toDiagnose, untimed, onProgress));
  const pass = (spiking ?? diagnosed) as SpikingPass;
  const { layers, ...rest } = figures(
    network,
    pass.points.steps,
    mergeSome(hits, diagnosed?.trained) as Hits,
    mergeSome(spiking?.sums, diagnosed?.sums) as SpikingSums,
  );
  const shapes = tunedShapes(network, settings.choices, device.capabilities);
  return {
    model: ann.name,
    dataset: dataset.name,
    images: evaluated.count,
    classes: classesOf(ann),
    phaseBits: phaseBitsOf(network),
    waves: pass.plan.waves,
    initial: network.initial,
    batch: pass.plan.batch,
    scale: settings.scale,
    percentile: settings.percentile,
    correctBias: settings.correctBias,
    calibrationImages: evaluation.calibrationSource.count,
    calibratedOn: evaluation.calibratedOn,
    normalization: evaluation.normalization,
    ...rest,
    layers: layers.map((layer, l) => ({ ...layer, ...diagnosed?.layers[l] })),
    diagnosis: diagnosed?.summary ?? null,
    tuned: shapes > 0,
    tunedShapes: shapes,
    device: device.description,
    skipped: dataset.skipped ?? [],
    notes: [...evaluation.notes, ...notes],
    timing: timed ?? timing(stopwatch, pass, peakBytes(device)),
  };
}

/** Accuracies and spikes. */
function figures(
  network: SpikingNetwork,
  steps: readonly number[],
  trained: Hits,
  spiking: SpikingSums,
): Pick<EvaluationResult, 'ann' | 'snn' | 'layers' | 'spikesPerImage'> {
  const { images } = trained;
  const curve = accuracyCurve(steps, spiking.hits);
  const { t: timesteps, ...last } = curve[curve.length - 1];
  const layers = layerFigures(network, spiking.spikes, images);
  const { timetable } = network;
  const window = readoutPhases(timetable);
  const reached = Array.from({ length: steps.length / window }, (_, i) => wordSteps(timetable, i + 1));
  const words = { firstOutput: reached[0], wordSteps: reached, window };
  return {
    ann: accuracyOf(trained),
    snn: { ...last, timesteps, ...words, curve, agreement: spiking.agreeing / images },
    layers,
    spikesPerImage: layers.reduce((sum, layer) => sum + layer.spikesPerImage, 0),
  };
}

/** Rates are over the wall-clock time of the spiking run alone; a plan's multiply-adds are of one full batch. */
function timing(stopwatch: Stopwatch, { images, timing: run, plan, readSeconds }: SpikingPass, peakGpuBytes: number): Timing {
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
