import { type Ann, shapeSize } from '../ann/ann.ts';
import { convertCalibrated } from '../convert/convert.ts';
import { type DataSet, type Images, sliceImages } from '../data/data-set.ts';
import { readSidecar } from '../data/sidecar.ts';
import { peakBytes, resetPeakBytes } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { wordSteps } from '../network/time.ts';
import { importOnnx } from '../onnx/import.ts';
import { tunedShapes } from '../plan/choices.ts';
import type { WordsProgram } from '../plan/words/plan.ts';
import { AnnSession } from '../run/ann-session.ts';
import { type RunResult, Session } from '../run/session.ts';
import { pixelsSource } from '../run/source.ts';
import { accuracy, agreement } from './accuracy.ts';
import { accuracyCurve, readoutAt } from './curve.ts';
import { diagnoseWindowed } from './diagnose-windowed.ts';
import type { Diagnosis } from './diagnosis.ts';
import { checkClasses, checkLabels, checkShapes, chooseNormalization, classesOf } from './fit.ts';
import { type EvaluateOptions, type EvaluateSettings, settle } from './options.ts';
import { type DiagnosisSummary, type EvaluationResult, layerFigures, type Timing } from './result.ts';
import { calibrationImages, evaluationImages } from './selection.ts';
import { Stopwatch } from './stopwatch.ts';

/** How far an evaluation is: images done of a stage's images. */
export interface Progress {
  readonly stage: 'calibration' | 'ann' | 'snn' | 'diagnosis';
  readonly done: number;
  readonly images: number;
}

/** What is needed to run: everything checked, nothing computed yet. */
export interface Evaluation extends Required<EvaluateSettings> {
  readonly ann: Ann;
  readonly images: Images;
  /** Pixels, [image][channel][y][x]. */
  readonly calibrationPixels: Uint8Array;
}

type Report = (progress: Progress) => void;

/**
 * Runs a trained network and its spiking counterpart on labelled images and compares them.
 * @param model path of an ONNX file (with its sidecar, where there is one), or an imported network
 * @param onProgress called as batches are done
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function evaluate(
  device: Device,
  model: string | Ann,
  dataset: DataSet,
  options: EvaluateOptions = {},
  onProgress: Report = () => {},
): Promise<EvaluationResult> {
  const stopwatch = new Stopwatch();
  resetPeakBytes(device);
  const settings = settle(options);
  const evaluation = await stopwatch.time('import', () => prepare(model, dataset, settings));
  const { ann } = evaluation;
  const trained = await runTrained(device, evaluation, stopwatch, onProgress);
  const { network, plan, run } = await runSpiking(device, trained.network, evaluation, stopwatch, onProgress);
  const timed: Timing = { ...timing(stopwatch, run, plan), peakGpuBytes: peakBytes(device) };
  const found = await runDiagnosis(device, network, evaluation, onProgress);
  const { layers, ...rest } = figures(network, run, trained.logits, evaluation.images.labels);
  const shapes = tunedShapes(network, settings.choices, device.capabilities);
  return {
    model: ann.name,
    dataset: dataset.name,
    images: run.images,
    classes: classesOf(ann),
    phaseBits: network.phaseBits,
    waves: plan.waves,
    initial: network.initial,
    batch: plan.batch,
    percentile: settings.percentile,
    calibrationImages: evaluation.calibrationPixels.length / shapeSize(ann.input),
    ...rest,
    layers: layers.map((layer, l) => ({ ...layer, ...found?.layers[l] })),
    diagnosis: found?.summary ?? null,
    tuned: shapes > 0,
    tunedShapes: shapes,
    device: device.description,
    timing: timed,
  };
}

/**
 * Reads a model with its sidecar, checks it against the data set, and picks the images.
 * @throws OptionError, UnsupportedModelError, ModelFormatError
 */
export async function prepare(model: string | Ann, dataset: DataSet, settings: EvaluateSettings): Promise<Evaluation> {
  const sidecar = typeof model === 'string' ? await readSidecar(model) : null;
  const ann = typeof model === 'string' ? await importOnnx(model) : model;
  checkClasses(ann, sidecar);
  checkShapes(ann, dataset);
  const images = evaluationImages(dataset, settings.offset, settings.limit);
  checkLabels(ann, images, dataset.name, settings.offset);
  const calibrationPixels = calibrationImages(dataset, settings.offset, images.count, settings.calibration);
  return { ...settings, ...chooseNormalization(ann, dataset, sidecar, settings), ann, images, calibrationPixels };
}

/** Calibrates and converts, then runs the trained network, all in one session. */
async function runTrained(
  device: Device,
  evaluation: Evaluation,
  stopwatch: Stopwatch,
  report: Report,
): Promise<{ network: SpikingNetwork; logits: Float32Array }> {
  const { ann, images, calibrationPixels } = evaluation;
  const session = await stopwatch.time('compile', () => AnnSession.create(device, ann, evaluation));
  try {
    const count = calibrationPixels.length / shapeSize(ann.input);
    const network = await stopwatch.time('calibration', async () => {
      const onCalibrated = (done: number) => report({ stage: 'calibration', done, images: count });
      const calibration = await session.calibrate(pixelsSource(calibrationPixels, ann.input), onCalibrated);
      return convertCalibrated(ann, calibration, evaluation);
    });
    const onRun = (done: number) => report({ stage: 'ann', done, images: images.count });
    const { logits } = await stopwatch.time('ann', () => session.classify(images.pixels, onRun));
    return { network, logits };
  } finally {
    session.dispose();
  }
}

async function runSpiking(
  device: Device,
  network: SpikingNetwork,
  { images, batch, waves, choices }: Evaluation,
  stopwatch: Stopwatch,
  report: Report,
): Promise<{ network: SpikingNetwork; plan: WordsProgram; run: RunResult }> {
  const session = await stopwatch.time('compile', () => Session.create(device, network, { batch, waves, choices }));
  try {
    const onRun = (done: number) => report({ stage: 'snn', done, images: images.count });
    const run = await stopwatch.time('snn', () => session.classify(images.pixels, onRun));
    return { network, plan: session.plan, run };
  } finally {
    session.dispose();
  }
}

/** Compares the first of the images layer by layer; null where none are asked for. */
async function runDiagnosis(
  device: Device,
  network: SpikingNetwork,
  evaluation: Evaluation,
  report: Report,
): Promise<{ layers: Diagnosis['layers']; summary: DiagnosisSummary } | null> {
  const { images: all, waves } = evaluation;
  const images = Math.min(all.count, evaluation.diagnosis);
  if (images === 0) return null;
  const start = performance.now();
  const { pixels } = sliceImages(all, 0, images);
  const onRun = (done: number) => report({ stage: 'diagnosis', done, images });
  const [{ layers, ...rest }] = await diagnoseWindowed(
    device,
    { ...evaluation, network, pixels },
    [() => ({ words: waves, bits: 0 })],
    onRun,
  );
  return { layers, summary: { ...rest, seconds: (performance.now() - start) / 1000 } };
}

/** Accuracies and spikes. */
function figures(
  network: SpikingNetwork,
  run: RunResult,
  annLogits: Float32Array,
  labels: Uint16Array,
): Pick<EvaluationResult, 'ann' | 'snn' | 'layers' | 'spikesPerImage'> {
  const curve = accuracyCurve(run, labels);
  const { t: timesteps, ...last } = curve[curve.length - 1];
  const layers = layerFigures(network, run.spikes, run.images);
  return {
    ann: accuracy(annLogits, labels),
    snn: {
      ...last,
      timesteps,
      firstOutput: wordSteps(network, 1),
      curve,
      agreement: agreement(readoutAt(run, run.steps.length - 1), annLogits, run.images),
    },
    layers,
    spikesPerImage: layers.reduce((sum, layer) => sum + layer.spikesPerImage, 0),
  };
}

/** Rates are over the wall-clock time of the spiking run alone; a plan's multiply-adds are of one full batch. */
function timing(stopwatch: Stopwatch, { images, timing: run }: RunResult, plan: WordsProgram): Omit<Timing, 'peakGpuBytes'> {
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
    firstResultSeconds: begun.snn + run.firstBatchSeconds,
    steadyImagesPerSecond: images > plan.batch ? (images - plan.batch) / (run.seconds - run.firstBatchSeconds) : null,
    gpuIdleShare: run.gpuBusySeconds === null ? null : Math.max(0, 1 - run.gpuBusySeconds / run.seconds),
  };
}
