import type { Ann } from '../ann/ann.ts';
import { type Checks, checkOptions } from '../checks.ts';
import type { DataSet } from '../data/data-set.ts';
import { resetPeakBytes } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf } from '../network/network.ts';
import { tunedShapes } from '../plan/choices.ts';
import type { LabelledSource } from '../run/source.ts';
import type { Conversion } from './checkpoint.ts';
import { runDiagnosed } from './diagnosed.ts';
import { sealed } from './evaluation-file.ts';
import { frameOf, spikingFigures, timing } from './figures.ts';
import { classesOf } from './fit.ts';
import { mergeSome } from './folds.ts';
import { checkGiven } from './given.ts';
import { type LastingDevice, lasting } from './lasting.ts';
import type { Ledger } from './ledger.ts';
import { asModel, type Model } from './model.ts';
import { memoryNotes } from './notes.ts';
import type { EvaluateOptions } from './options.ts';
import { type Part, type Report, resumeTrained, runSpiking, runTrained, type SpikingPass, type TrainedRun } from './passes.ts';
import { type Evaluation, inputFigures, prepare } from './prepare.ts';
import { rehearseWords } from './rehearse.ts';
import type { EvaluationResult } from './result.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';
import { Stopwatch } from './stopwatch.ts';
import type { EvaluationSums, SpikingSums } from './sums.ts';
import { openWork, WORK_OPTIONS, type WorkOptions, workFigures } from './work.ts';

export const EVALUATE_WORK_OPTIONS: Checks<EvaluateOptions & WorkOptions> = { ...EVALUATE_OPTIONS, ...WORK_OPTIONS };

/**
 * Runs a trained network and its spiking counterpart on labelled images and compares them. Images are read as they are needed, and
 * nothing is kept of a batch but what it adds to sums; each network runs each image once. Where the device is lost it is opened again, and the
 * evaluation goes on at the first batch that did not land, with the same figures.
 * @param model path of an ONNX file (with its sidecar, where there is one), an imported network, or what `openModel` gave
 * @param images a data set, or a labelled source of the caller's own
 * @param onProgress called as batches are done
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export function evaluate(
  device: Device,
  model: string | Ann | Model,
  images: DataSet | LabelledSource,
  options: EvaluateOptions & WorkOptions = {},
  onProgress: Report = () => {},
): Promise<EvaluationResult> {
  checkGiven(device, model, images, onProgress);
  return lasting(device, (one) => evaluateOn(device, one, model, images, options, onProgress));
}

async function evaluateOn(
  device: Device,
  lastingDevice: LastingDevice,
  model: string | Ann | Model,
  images: DataSet | LabelledSource,
  options: EvaluateOptions & WorkOptions,
  onProgress: Report,
): Promise<EvaluationResult> {
  resetPeakBytes(device);
  const { digest = false, shard, checkpoint, ...rest } = checkOptions(options, EVALUATE_WORK_OPTIONS);
  const settings = settle(rest, { phaseBits: 'auto' });
  const opened = await asModel(model);
  const stopwatch = new Stopwatch(opened.seconds);
  const evaluation = await stopwatch.time('import', () => prepare(opened, images, settings));
  const { ann, dataset } = evaluation;
  rehearseWords(device, evaluation, { keepWords: settings.diagnosis > 0 || digest });
  // those to diagnose come last, so that nothing of the diagnosis is in the times and the memory of the others
  const work = await openWork({ digest, shard, checkpoint }, { ...evaluation, network: null, classes: classesOf(ann), settings });
  const { toDiagnose, others, ledger } = work;
  const converted = await runOrResume(lastingDevice, evaluation, others, ledger, stopwatch, onProgress);
  const { network, phaseChoice, notes, hits, refusedBatch } = converted;
  const spiking = others && (await runSpiking(lastingDevice, network, evaluation, others, ledger, stopwatch, onProgress));
  const timed = spiking && timing(stopwatch, spiking, lastingDevice.peakBytes);
  const untimed = spiking ? new Stopwatch() : stopwatch;
  const diagnosed = toDiagnose && (await runDiagnosed(lastingDevice, network, evaluation, toDiagnose, ledger, untimed, onProgress));
  // a checkpoint never has all images, so that one of them has run
  const pass = (spiking ?? diagnosed) as Omit<SpikingPass, 'sums'>;
  const frame = frameOf(network, pass.points, diagnosed?.frame ?? null);
  const sums: EvaluationSums = {
    trained: mergeSome(hits, diagnosed?.sums.trained),
    spiking: mergeSome(spiking?.sums ?? ledger.spiking.done.sums, diagnosed?.sums.spiking) as SpikingSums,
    diagnosed: diagnosed && { images: diagnosed.sums.images, layers: diagnosed.sums.layers },
  };
  const figures = spikingFigures(network, frame, sums);
  const shapes = tunedShapes(network, settings.choices, device.capabilities, pass.plan.batch);
  return sealed({
    model: ann.name,
    dataset: dataset.name,
    images: work.images,
    classes: classesOf(ann),
    phaseBits: phaseBitsOf(network),
    phaseChoice,
    waves: pass.plan.waves,
    initial: network.initial,
    batch: pass.plan.batch,
    ...inputFigures(evaluation),
    ...(figures as TrainedFigures),
    diagnosis: figures.diagnosis && { ...figures.diagnosis, seconds: diagnosed?.seconds ?? 0 },
    tuned: shapes > 0,
    tunedShapes: shapes,
    device: device.description,
    notes: [...evaluation.notes, ...notes, ...memoryNotes([refusedBatch, spiking?.refusedBatch, diagnosed?.refusedBatch])],
    ...workFigures(work, network, frame, sums),
    timing: timed ?? timing(stopwatch, pass, lastingDevice.peakBytes),
  });
}

/** Figures of a spiking network that is compared with a trained one. */
type TrainedFigures = Pick<EvaluationResult, 'ann' | 'snn' | 'layers' | 'spikesPerImage'>;

/** The converted network and the trained one's hits, where a ledger has them not, or not all of them, from the device. */
async function runOrResume(
  lastingDevice: LastingDevice,
  evaluation: Evaluation,
  part: Part | null,
  ledger: Ledger,
  stopwatch: Stopwatch,
  report: Report,
): Promise<Conversion & TrainedRun> {
  const { conversion } = ledger;
  if (!conversion) return runTrained(lastingDevice, evaluation, part, stopwatch, report, { ledger });
  return { ...conversion, ...(await resumeTrained(lastingDevice, evaluation, part, stopwatch, report, ledger)) };
}
