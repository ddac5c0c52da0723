import type { DataSet } from '../data/data-set.ts';
import { resetPeakBytes } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf } from '../network/network.ts';
import type { SavedNetwork } from '../network/saved/load.ts';
import { tunedShapes } from '../plan/choices.ts';
import type { LabelledSource } from '../run/source.ts';
import { spikingFigures, timing } from './figures.ts';
import { asClassifier, checkLabels, checkSorted, classesOf } from './fit.ts';
import { lasting } from './lasting.ts';
import { memoryNotes } from './notes.ts';
import { cutImages, type Part, type Report, runSpiking } from './passes.ts';
import type { SavedEvaluation } from './result.ts';
import { prepareSaved, type SavedOptions } from './saved-inputs.ts';
import { Stopwatch } from './stopwatch.ts';

/**
 * Runs a saved network on labelled images. As `evaluate` does, without a trained network: nothing is converted, and nothing compared.
 * @param saved what `readSavedNetwork` gave
 * @throws OptionError, DeviceError
 */
export async function evaluateSaved(
  device: Device,
  saved: SavedNetwork,
  images: DataSet | LabelledSource,
  options: SavedOptions = {},
  onProgress: Report = () => {},
): Promise<SavedEvaluation> {
  const stopwatch = new Stopwatch();
  resetPeakBytes(device);
  const inputs = prepareSaved(saved, images, options);
  const { network, dataset, images: evaluated, choices, figures } = inputs;
  const classifier = asClassifier(network);
  checkSorted(classifier, dataset);
  checkLabels(classifier, evaluated, dataset.name, inputs.offset);
  const [, part] = cutImages(evaluated, 0, classesOf(classifier));
  const { pass, peak } = await lasting(device, async (one) => {
    const found = await runSpiking(one, network, inputs, part as Part, stopwatch, onProgress);
    return { pass: found, peak: one.peakBytes };
  });
  const { snn, layers, spikesPerImage } = spikingFigures(network, pass.points.steps, pass.sums, evaluated.count);
  const shapes = tunedShapes(network, choices, device.capabilities, pass.plan.batch);
  return {
    model: network.name,
    dataset: dataset.name,
    images: evaluated.count,
    classes: classesOf(classifier),
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
    timing: timing(stopwatch, pass, peak),
  };
}
