import type { Ann } from '../ann/ann.ts';
import type { DataSet } from '../data/data-set.ts';
import { resetPeakBytes } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf } from '../network/network.ts';
import { tunedShapes } from '../plan/choices.ts';
import type { LabelledSource } from '../run/source.ts';
import { accuracyOf, type Hits } from './accuracy.ts';
import { runDiagnosed } from './diagnosed.ts';
import { spikingFigures, timing } from './figures.ts';
import { classesOf } from './fit.ts';
import { mergeSome } from './folds.ts';
import { type LastingDevice, lasting } from './lasting.ts';
import { asModel, type Model } from './model.ts';
import { memoryNotes } from './notes.ts';
import { type EvaluateOptions, settle } from './options.ts';
import { cutImages, type Report, runSpiking, runTrained, type SpikingPass, type SpikingSums } from './passes.ts';
import { inputFigures, prepare } from './prepare.ts';
import type { EvaluationResult } from './result.ts';
import { Stopwatch } from './stopwatch.ts';

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
  options: EvaluateOptions = {},
  onProgress: Report = () => {},
): Promise<EvaluationResult> {
  return lasting(device, (one) => evaluateOn(device, one, model, images, options, onProgress));
}

async function evaluateOn(
  device: Device,
  lastingDevice: LastingDevice,
  model: string | Ann | Model,
  images: DataSet | LabelledSource,
  options: EvaluateOptions,
  onProgress: Report,
): Promise<EvaluationResult> {
  resetPeakBytes(device);
  const settings = settle({ phaseBits: 'auto', ...options });
  const opened = await asModel(model);
  const stopwatch = new Stopwatch(opened.seconds);
  const evaluation = await stopwatch.time('import', () => prepare(opened, images, settings));
  const { ann, dataset, images: evaluated } = evaluation;
  // those to diagnose come last, so that nothing of the diagnosis is in the times and the memory of the others
  const [toDiagnose, others] = cutImages(evaluated, settings.diagnosis, classesOf(ann));
  const { network, phaseChoice, hits, notes, refusedBatch } = await runTrained(
    lastingDevice,
    evaluation,
    others,
    stopwatch,
    onProgress,
  );
  const spiking = others && (await runSpiking(lastingDevice, network, evaluation, others, stopwatch, onProgress));
  const timed = spiking && timing(stopwatch, spiking, lastingDevice.peakBytes);
  const untimed = spiking ? new Stopwatch() : stopwatch;
  const diagnosed = toDiagnose && (await runDiagnosed(lastingDevice, network, evaluation, toDiagnose, untimed, onProgress));
  const pass = (spiking ?? diagnosed) as SpikingPass;
  const trained = mergeSome(hits, diagnosed?.trained) as Hits;
  const sums = mergeSome(spiking?.sums, diagnosed?.sums) as SpikingSums;
  const { snn, layers, spikesPerImage } = spikingFigures(network, pass.points.steps, sums, trained.images);
  const shapes = tunedShapes(network, settings.choices, device.capabilities, pass.plan.batch);
  return {
    model: ann.name,
    dataset: dataset.name,
    images: evaluated.count,
    classes: classesOf(ann),
    phaseBits: phaseBitsOf(network),
    phaseChoice,
    waves: pass.plan.waves,
    initial: network.initial,
    batch: pass.plan.batch,
    ...inputFigures(evaluation),
    ann: accuracyOf(trained),
    snn: { ...snn, agreement: sums.agreeing / trained.images },
    spikesPerImage,
    layers: layers.map((layer, l) => ({ ...layer, ...diagnosed?.layers[l] })),
    diagnosis: diagnosed?.summary ?? null,
    tuned: shapes > 0,
    tunedShapes: shapes,
    device: device.description,
    notes: [...evaluation.notes, ...notes, ...memoryNotes([refusedBatch, spiking?.refusedBatch, diagnosed?.refusedBatch])],
    timing: timed ?? timing(stopwatch, pass, lastingDevice.peakBytes),
  };
}
