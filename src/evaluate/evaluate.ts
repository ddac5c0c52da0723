import { AnnSession } from '../ann/ann-session.ts';
import type { DataSet, Images } from '../data/data-set.ts';
import { readSidecar, type Sidecar } from '../data/sidecar.ts';
import type { Device } from '../gpu/device.ts';
import { type Ann, shapeSize } from '../graph/ann.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { wordSteps } from '../network/time.ts';
import { importOnnx } from '../onnx/import.ts';
import { tunedShapes } from '../scheduler/choices.ts';
import type { Plan } from '../scheduler/plan.ts';
import { type RunResult, Session } from '../session/session.ts';
import { accuracy, agreement } from './accuracy.ts';
import { convertCalibrated } from './convert.ts';
import { accuracyCurve, readoutAt } from './curve.ts';
import { checkClasses, checkLabels, checkShapes, chooseNormalization, classesOf } from './fit.ts';
import { type EvaluateOptions, type EvaluateSettings, settle } from './options.ts';
import { type EvaluationResult, layerFigures } from './result.ts';
import { calibrationImages, evaluationImages } from './selection.ts';
import { Stopwatch } from './stopwatch.ts';

/** How far an evaluation is: images done of a stage's images. */
export interface Progress {
  readonly stage: 'calibration' | 'ann' | 'snn';
  readonly done: number;
  readonly images: number;
}

/** What is needed to run: everything checked, nothing computed yet. */
interface Evaluation extends Required<EvaluateSettings> {
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
  const settings = settle(options);
  const sidecar = typeof model === 'string' ? await readSidecar(model) : null;
  const ann = await stopwatch.time('import', async () => (typeof model === 'string' ? importOnnx(model) : model));
  const evaluation = prepare(ann, sidecar, dataset, settings);
  const trained = await runTrained(device, evaluation, stopwatch, onProgress);
  const { network, plan, run } = await runSpiking(device, trained.network, evaluation, stopwatch, onProgress);
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
    ...figures(network, run, trained.logits, evaluation.images.labels),
    tuned: shapes > 0,
    tunedShapes: shapes,
    device: device.description,
    timing: timing(stopwatch, run.images, plan),
  };
}

function prepare(ann: Ann, sidecar: Sidecar | null, dataset: DataSet, settings: EvaluateSettings): Evaluation {
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
      const { statistics, logits } = await session.calibrate(calibrationPixels, onCalibrated);
      return convertCalibrated(ann, statistics, logits, evaluation);
    });
    const onRun = (done: number) => report({ stage: 'ann', done, images: images.count });
    const { logits } = await stopwatch.time('ann', () => session.run(images.pixels, onRun));
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
): Promise<{ network: SpikingNetwork; plan: Plan; run: RunResult }> {
  const session = await stopwatch.time('compile', () => Session.create(device, network, { batch, waves, choices }));
  try {
    const onRun = (done: number) => report({ stage: 'snn', done, images: images.count });
    const run = await stopwatch.time('snn', () => session.run(images.pixels, onRun));
    return { network, plan: session.plan, run };
  } finally {
    session.dispose();
  }
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
function timing(stopwatch: Stopwatch, images: number, plan: Plan): EvaluationResult['timing'] {
  const { seconds, stages } = stopwatch;
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
  };
}
