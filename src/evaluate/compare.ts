import type { Ann } from '../ann/ann.ts';
import { type Checks, checkOptions, integer, listOf, optionsOf, TEXT, without } from '../checks.ts';
import type { DataSet } from '../data/data-set.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf } from '../network/network.ts';
import { batchUpTo } from '../plan/batch.ts';
import { DEFAULT_MEMORY } from '../plan/fit.ts';
import { MOST_STEPS } from '../plan/trains/plan.ts';
import { ANN_SESSION_OPTIONS, AnnSession } from '../run/ann-session.ts';
import type { AnnBatch } from '../run/batch.ts';
import { eachBatch, type LabelledSource, pixelsSource } from '../run/source.ts';
import { accuracyOf, countHits, type Hits } from './accuracy.ts';
import { type NeuronRun, openNeuron, rowsOf, runNeuron } from './compare-neuron.ts';
import { COMPARED, type ComparedNeuron, neuronOf, TIMESTEPS } from './compared-neuron.ts';
import type { Comparison } from './comparison.ts';
import { convertPrepared } from './convert-prepared.ts';
import { diagnosisFrame } from './diagnosis.ts';
import { classesOf } from './fit.ts';
import { folding } from './folds.ts';
import { checkGiven } from './given.ts';
import type { Model } from './model.ts';
import type { EvaluateOptions } from './options.ts';
import { prepare } from './prepare.ts';
import { rehearseSteps } from './rehearse.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';

/** What to compare; the rest as in `evaluate`. */
export interface CompareOptions extends Omit<EvaluateOptions, 'waves' | 'diagnosis'> {
  /** Default: `COMPARED`. */
  readonly neurons?: readonly ComparedNeuron[];
  /** Steps from the image's onset, in rising order (default: `TIMESTEPS`). */
  readonly timesteps?: readonly number[];
}

/** What each of `CompareOptions` must be. */
export const COMPARE_OPTIONS: Checks<CompareOptions> = {
  ...without(EVALUATE_OPTIONS, 'waves', 'diagnosis'),
  neurons: listOf(TEXT),
  timesteps: {
    expected: `a list of step counts from 1 to ${MOST_STEPS}, in rising order`,
    accepts: (value) =>
      listOf(integer(1, MOST_STEPS)).accepts(value) && (value as number[]).every((t, i, all) => i === 0 || t > all[i - 1]),
  },
};

/** How far a comparison is: images that all neurons are done with. */
export interface CompareProgress {
  readonly stage: 'compare';
  readonly done: number;
  readonly images: number;
}

type Report = (progress: CompareProgress) => void;

/**
 * Runs one network with several kinds of neurons, step by step, and looks at each at several times: accuracy, spikes of
 * inactivated neurons, work (specification, sections 8, 10 and 11). One loop over batches: each is run by the trained network once,
 * then by every kind of neuron.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function compare(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: CompareOptions = {},
  onProgress: Report = () => {},
): Promise<Comparison> {
  const start = performance.now();
  checkGiven(device, model, given, onProgress);
  const { neurons = COMPARED, timesteps = TIMESTEPS, ...rest } = checkOptions(options, COMPARE_OPTIONS);
  neurons.forEach(neuronOf);
  const evaluation = await prepare(model, given, settle(rest));
  const { ann, dataset, images } = evaluation;
  // the sessions of all neurons are there at once
  const memory = DEFAULT_MEMORY / neurons.length;
  const last = timesteps[timesteps.length - 1];
  rehearseSteps(device, evaluation, () => neurons.map((neuron) => ({ ...neuronOf(neuron), timesteps: last, memory })));
  const { network, figures } = await convertPrepared(device, evaluation);
  const trained = await AnnSession.create(device, ann, {
    ...optionsOf(ANN_SESSION_OPTIONS, evaluation),
    imageCount: images.count,
    keepCells: true,
  });
  const runs: NeuronRun[] = [];
  try {
    const compared = { device, network, trained, timesteps, batch: batchUpTo(evaluation.batch, trained.plan.batch), memory };
    for (const neuron of neurons) runs.push(await openNeuron(neuron, compared));
    const hits = await runBatches(device, images, trained, runs, onProgress);
    return {
      model: ann.name,
      dataset: dataset.name,
      images: images.count,
      classes: classesOf(ann),
      phaseBits: phaseBitsOf(network),
      initial: network.initial,
      ...figures,
      ann: { top1: accuracyOf(hits).top1, macs: diagnosisFrame(network, [], []).annMacs },
      rows: runs.flatMap((run) => rowsOf(run, network)),
      device: device.description,
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    for (const run of runs) run.dispose();
    trained.dispose();
  }
}

/** Runs every batch by the trained network and then by each kind of neuron. @returns where the trained network puts the images */
async function runBatches(
  device: Device,
  images: LabelledSource,
  trained: AnnSession,
  runs: readonly NeuronRun[],
  report: Report,
): Promise<Hits> {
  // a kind of neuron may take fewer at once than the others
  const size = runs.reduce((least, { session }) => Math.min(least, session.plan.batch), trained.plan.batch);
  const hits = folding(({ first, images: some, logits }: AnnBatch) =>
    countHits({ values: logits, images: some }, images.labels, first),
  );
  await eachBatch(images, size, async (pixels, first, count) => {
    const labels = Array.from({ length: count }, (_, i) => images.labels[first + i]);
    const source = pixelsSource(pixels, images.shape, labels);
    await trained.run(source, (batch) => hits.add({ ...batch, first }));
    for (const run of runs) await runNeuron(run, device, source);
    report({ stage: 'compare', done: first + count, images: images.count });
  });
  return hits.sums() as Hits;
}
