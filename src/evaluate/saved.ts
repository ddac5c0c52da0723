import type { Checks } from '../checks.ts';
import type { DataSet } from '../data/data-set.ts';
import { resetPeakBytes } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf } from '../network/network.ts';
import type { SavedNetwork } from '../network/saved/load.ts';
import { tunedShapes } from '../plan/choices.ts';
import type { LabelledSource } from '../run/source.ts';
import { sealed } from './evaluation-file.ts';
import { frameOf, spikingFigures, timing } from './figures.ts';
import { asClassifier, checkLabels, checkSorted, classesOf } from './fit.ts';
import { checkGivenSaved } from './given.ts';
import { lasting } from './lasting.ts';
import { memoryNotes } from './notes.ts';
import { type Part, type Report, runSpiking, type SpikingPass } from './passes.ts';
import type { SavedEvaluation } from './result.ts';
import { checkSavedOptions, prepareSaved, SAVED_OPTIONS, type SavedOptions } from './saved-inputs.ts';
import { Stopwatch } from './stopwatch.ts';
import { openWork, WORK_OPTIONS, type WorkOptions, workFigures } from './work.ts';

export const SAVED_WORK_OPTIONS: Checks<SavedOptions & WorkOptions> = { ...SAVED_OPTIONS, ...WORK_OPTIONS };

/**
 * Runs a saved network on labelled images. As `evaluate` does, without a trained network: nothing is converted, and nothing compared.
 * @param saved what `readSavedNetwork` gave
 * @throws OptionError, DeviceError
 */
export async function evaluateSaved(
  device: Device,
  saved: SavedNetwork,
  images: DataSet | LabelledSource,
  options: SavedOptions & WorkOptions = {},
  onProgress: Report = () => {},
): Promise<SavedEvaluation> {
  checkGivenSaved(device, saved, images, onProgress);
  const stopwatch = new Stopwatch();
  resetPeakBytes(device);
  const { digest, shard, checkpoint, ...rest } = checkSavedOptions(options, SAVED_WORK_OPTIONS);
  const inputs = prepareSaved(saved, images, rest);
  const { network, dataset, images: evaluated, choices, figures } = inputs;
  const classifier = asClassifier(network);
  checkSorted(classifier, dataset);
  checkLabels(classifier, evaluated, dataset.name, inputs.offset);
  const classes = classesOf(classifier);
  const told = { ...inputs, ann: null, classes, diagnosis: 0, normalization: figures.normalization };
  const work = await openWork({ digest, shard, checkpoint }, { ...told, settings: { waves: inputs.waves } });
  const { found, peak } = await lasting(device, async (one) => ({
    found: await runSpiking(one, network, inputs, work.others as Part, work.ledger, stopwatch, onProgress),
    peak: one.peakBytes,
  }));
  // a checkpoint never has all images, so that some have run
  const pass = found as SpikingPass;
  const frame = frameOf(network, pass.points, null);
  const sums = { trained: null, spiking: pass.sums, diagnosed: null };
  const { snn, layers, spikesPerImage } = spikingFigures(network, frame, sums);
  const shapes = tunedShapes(network, choices, device.capabilities, pass.plan.batch);
  return sealed({
    model: network.name,
    dataset: dataset.name,
    images: work.images,
    classes,
    phaseBits: phaseBitsOf(network),
    phaseChoice: null,
    waves: pass.plan.waves,
    initial: network.initial,
    batch: pass.plan.batch,
    ...figures,
    notes: [...figures.notes, ...memoryNotes([pass.refusedBatch])],
    ann: null,
    snn: { ...snn, agreement: null },
    layers,
    spikesPerImage,
    diagnosis: null,
    tuned: shapes > 0,
    tunedShapes: shapes,
    device: device.description,
    ...workFigures(work, network, frame, sums),
    timing: timing(stopwatch, pass, peak),
  });
}
