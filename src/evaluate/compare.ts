import type { Ann } from '../ann/ann.ts';
import { type Checks, checkOptions, integer, listOf, optionsOf, TEXT, without } from '../checks.ts';
import type { DataSet } from '../data/data-set.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf, type SpikingNetwork } from '../network/network.ts';
import { batchUpTo } from '../plan/batch.ts';
import { DEFAULT_MEMORY } from '../plan/fit.ts';
import { MOST_STEPS } from '../plan/trains/plan.ts';
import { ANN_SESSION_OPTIONS, AnnSession } from '../run/ann-session.ts';
import type { AnnBatch } from '../run/batch.ts';
import { eachBatch, type LabelledSource, pixelsSource, sliceSource } from '../run/source.ts';
import { accuracyOf, countHits, type Hits } from './accuracy.ts';
import { CHECKPOINT, type CheckpointStore } from './checkpoint.ts';
import { type NeuronRun, type NeuronSums, openNeuron, rowsOf, runNeuron } from './compare-neuron.ts';
import { COMPARED, type ComparedNeuron, neuronOf, TIMESTEPS } from './compared-neuron.ts';
import { type ComparedSoFar, type ComparedSums, convertOnce, openComparison } from './compared-so-far.ts';
import type { Comparison, ComparisonRow } from './comparison.ts';
import { preparedFigures } from './convert-prepared.ts';
import { diagnosisFrame } from './diagnosis.ts';
import { classesOf } from './fit.ts';
import { folding } from './folds.ts';
import { checkGiven } from './given.ts';
import type { Journal } from './journal.ts';
import { type LastingDevice, lasting } from './lasting.ts';
import type { Model } from './model.ts';
import type { EvaluateOptions } from './options.ts';
import { type Evaluation, prepare } from './prepare.ts';
import { rehearseSteps } from './rehearse.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';
import { openTogether } from './together.ts';

/** What to compare; the rest as in `evaluate`. */
export interface CompareOptions extends Omit<EvaluateOptions, 'waves' | 'diagnosis'> {
  /** Default: `COMPARED`. */
  readonly neurons?: readonly ComparedNeuron[];
  /** Steps from the image's onset, in rising order (default: `TIMESTEPS`). */
  readonly timesteps?: readonly number[];
  /** Where what was found is kept now and then, and where an earlier call that was ended left it (default: nowhere). */
  readonly checkpoint?: CheckpointStore | undefined;
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
  checkpoint: CHECKPOINT,
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
 * then by every kind of neuron. Where the device is lost it is opened again, and the comparison goes
 * on at the first batch that did not land, with the same figures.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function compare(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: CompareOptions = {},
  onProgress: Report = () => {},
): Promise<Comparison> {
  checkGiven(device, model, given, onProgress);
  return lasting(device, (one) => compareOn(device, one, model, given, options, onProgress));
}

async function compareOn(
  device: Device,
  lastingDevice: LastingDevice,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: CompareOptions,
  onProgress: Report,
): Promise<Comparison> {
  const start = performance.now();
  const { neurons = COMPARED, timesteps = TIMESTEPS, checkpoint, ...rest } = checkOptions(options, COMPARE_OPTIONS);
  neurons.forEach(neuronOf);
  const settings = settle(rest);
  const evaluation = await prepare(model, given, settings);
  const { ann, dataset, images } = evaluation;
  // the sessions of all neurons are there at once
  const memory = DEFAULT_MEMORY / neurons.length;
  const last = timesteps[timesteps.length - 1];
  rehearseSteps(device, evaluation, () => neurons.map((neuron) => ({ ...neuronOf(neuron), timesteps: last, memory })));
  const journal = await openComparison(checkpoint ?? null, evaluation, settings, { neurons, timesteps });
  const converted = await convertOnce(lastingDevice, evaluation, journal);
  const { network } = converted;
  const compared = { network, neurons, timesteps, memory };
  const { hits, rows, refused } = await runNeurons(lastingDevice, evaluation, compared, journal, onProgress);
  return {
    model: ann.name,
    dataset: dataset.name,
    images: images.count,
    classes: classesOf(ann),
    phaseBits: phaseBitsOf(network),
    initial: network.initial,
    ...preparedFigures(evaluation, converted, refused),
    ann: { top1: accuracyOf(hits).top1, macs: diagnosisFrame(network, [], []).annMacs },
    rows,
    device: device.description,
    seconds: (performance.now() - start) / 1000,
  };
}

/** What is compared. */
interface Compared extends Required<Pick<CompareOptions, 'neurons' | 'timesteps'>> {
  readonly network: SpikingNetwork;
  /** Bytes that each session may take. */
  readonly memory: number;
}

/** Both kinds of networks, open on a device. */
interface Sessions {
  readonly trained: AnnSession;
  readonly runs: readonly NeuronRun[];
}

/** What a comparison found, and images at once for which a session had no memory. */
interface Ran {
  readonly hits: Hits;
  readonly rows: readonly ComparisonRow[];
  readonly refused: readonly (number | null)[];
}

/** Runs what of the images a journal lacks. */
function runNeurons(
  lastingDevice: LastingDevice,
  evaluation: Evaluation,
  compared: Compared,
  journal: Journal<ComparedSoFar>,
  report: Report,
): Promise<Ran> {
  const opened = (device: Device) => open(device, evaluation, compared, journal.found.sums);
  return lastingDevice.withSession(opened, async ({ trained, runs }, device) => {
    const onImages = (done: number): void => {
      lastingDevice.progressed();
      report({ stage: 'compare', done, images: evaluation.images.count });
    };
    const hits = await runBatches(device, evaluation.images, { trained, runs }, journal, onImages);
    const refused = [trained, ...runs.map(({ session }) => session)].map(({ refusedBatch }) => refusedBatch);
    return { hits, rows: runs.flatMap((run) => rowsOf(run, compared.network)), refused };
  });
}

function open(
  device: Device,
  { ann, images, batch: wanted, ...evaluation }: Evaluation,
  { neurons, ...compared }: Compared,
  before: ComparedSums | null,
): Promise<Sessions & { readonly dispose: () => void }> {
  const cells = { ...optionsOf(ANN_SESSION_OPTIONS, evaluation), batch: wanted, imageCount: images.count, keepCells: true };
  return openTogether(async (keep) => {
    const trained = keep(await AnnSession.create(device, ann, cells));
    const shared = { ...compared, device, trained, batch: batchUpTo(wanted, trained.plan.batch) };
    const runs: NeuronRun[] = [];
    for (const [i, neuron] of neurons.entries()) runs.push(keep(await openNeuron(neuron, shared, before?.neurons[i] ?? null)));
    return { trained, runs };
  });
}

/** Runs every batch by the trained network and then by each kind of neuron. @returns where the trained network puts the images */
async function runBatches(
  device: Device,
  images: LabelledSource,
  { trained, runs }: Sessions,
  journal: Journal<ComparedSoFar>,
  onImages: (done: number) => void,
): Promise<Hits> {
  const before = journal.found.sums;
  const done = before?.images ?? 0;
  const rest = sliceSource(images, done, images.count - done);
  // a kind of neuron may take fewer at once than the others
  const size = runs.reduce((least, { session }) => Math.min(least, session.plan.batch), trained.plan.batch);
  const hits = folding(
    ({ first, images: some, logits }: AnnBatch) => countHits({ values: logits, images: some }, rest.labels, first),
    before?.trained,
  );
  await eachBatch(rest, size, async (pixels, first, count) => {
    const labels = Array.from({ length: count }, (_, i) => rest.labels[first + i]);
    const source = pixelsSource(pixels, rest.shape, labels);
    await trained.run(source, (batch) => hits.add({ ...batch, first }));
    for (const run of runs) await runNeuron(run, device, source);
    const sums = {
      images: done + first + count,
      trained: hits.sums() as Hits,
      neurons: runs.map((run) => run.sums as NeuronSums),
    };
    // the last batch is never kept, so that who goes on has something to do
    journal.note({ sums }, sums.images < images.count ? 'due' : 'never');
    onImages(sums.images);
  });
  return hits.sums() as Hits;
}
