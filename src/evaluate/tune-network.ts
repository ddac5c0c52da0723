import type { Ann } from '../ann/ann.ts';
import { type Checks, checkOptions, integer, without } from '../checks.ts';
import { PHASE_TRIALS } from '../convert/choose-phases.ts';
import { estimatedLoss } from '../convert/estimate.ts';
import type { Once } from '../convert/once.ts';
import type { ScaleText } from '../convert/scale.ts';
import { type Search, searchWays, type Trial } from '../convert/search.ts';
import { tryNetwork } from '../convert/trials.ts';
import type { DataSet } from '../data/data-set.ts';
import type { Device } from '../gpu/device.ts';
import { timetableOf, wordSteps } from '../network/timetable.ts';
import { depths } from '../quantize/joins.ts';
import type { ImageSource, LabelledSource } from '../run/source.ts';
import { accuracyOf, type Hits, lossOf } from './accuracy.ts';
import { type CalibratedWays, calibrateWays } from './calibrate-ways.ts';
import type { CheckpointStore } from './checkpoint.ts';
import { checkLabels, checkSorted, classesOf } from './fit.ts';
import { checkGiven } from './given.ts';
import type { Journal } from './journal.ts';
import { type LastingDevice, lasting } from './lasting.ts';
import { asModel, type Model } from './model.ts';
import { memoryNotes } from './notes.ts';
import { DEFAULTS, type EvaluateOptions } from './options.ts';
import { cutImages, type Part, resumeTrained } from './passes.ts';
import { type Evaluation, inputFigures, prepareImages } from './prepare.ts';
import { rehearseWords } from './rehearse.ts';
import { onceIn } from './stages.ts';
import { Stopwatch } from './stopwatch.ts';
import { candidatesOf, SWEEP_OPTIONS } from './sweep.ts';
import { SWEPT, sweptFigures } from './swept.ts';
import { type Check, DEFAULT_TRIALS, type TunedNetwork } from './tuned-network.ts';
import { openWays, type WaysSoFar, wayTracks } from './ways-so-far.ts';
import { wordHits } from './word-hits.ts';

/** What is searched, and how; the rest as in `evaluate`. `waves` are words that may be waited for, `limit` images for the check. */
export interface TuneNetworkOptions
  extends Omit<EvaluateOptions, 'phaseBits' | 'scale' | 'percentile' | 'perChannel' | 'correctBias' | 'diagnosis'> {
  /** Ways to choose scales, whether each channel has one, and whether biases are corrected (defaults: `SWEPT`). */
  readonly scales?: readonly ScaleText[];
  readonly perChannel?: readonly boolean[];
  readonly correctBias?: readonly boolean[];
  /** Conversions that may be tried; three for each way to choose scales are made in any case (default `DEFAULT_TRIALS`). */
  readonly trials?: number;
  /** Where what was found is kept now and then, and where an earlier call that was ended left it (default: nowhere). */
  readonly checkpoint?: CheckpointStore | undefined;
}

/** What each of `TuneNetworkOptions` must be. */
export const TUNE_NETWORK_OPTIONS: Checks<TuneNetworkOptions> = {
  ...without(SWEEP_OPTIONS, 'phaseBits'),
  trials: integer(1),
};

/** How far a search is: images done of a stage's images; trials of those that may be tried, in the stage "trials". */
export interface TuneNetworkProgress {
  readonly stage: 'calibration' | 'trials' | 'ann' | 'snn';
  readonly done: number;
  readonly images: number;
}

type Report = (progress: TuneNetworkProgress) => void;

/**
 * Looks for the least T whose estimated loss is allowed (`searchWays`), on calibration images without their labels, and checks what it found
 * on the images to evaluate where these have labels. Where the device is lost it is opened again, and the search goes on at the trial, or the
 * batch, that did not land.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function tuneNetwork(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | ImageSource,
  options: TuneNetworkOptions = {},
  report: Report = () => {},
): Promise<TunedNetwork> {
  checkGiven(device, model, given, report);
  return lasting(device, (one) => tuneOn(device, one, model, given, options, report));
}

async function tuneOn(
  device: Device,
  lastingDevice: LastingDevice,
  model: string | Ann | Model,
  given: DataSet | ImageSource,
  options: TuneNetworkOptions,
  report: Report,
): Promise<TunedNetwork> {
  const start = performance.now();
  const { trials = DEFAULT_TRIALS, checkpoint: store = null, ...rest } = checkOptions(options, TUNE_NETWORK_OPTIONS);
  const ways = candidatesOf({ ...rest, phaseBits: [DEFAULTS.phaseBits] });
  const opened = await asModel(model);
  const evaluation = prepareImages(opened, given as DataSet | LabelledSource, ways[0]);
  const { ann, dataset, images, offset, initial, loss } = evaluation;
  rehearseWords(device, { ...evaluation, phaseBits: 'auto' });
  const labelled = (images.labels?.length ?? 0) > 0;
  if (labelled) checkSorted(ann, dataset);
  if (labelled) checkLabels(ann, images, dataset.name, offset);
  const { scales = SWEPT.scales, perChannel = SWEPT.perChannel, correctBias = SWEPT.correctBias } = rest;
  const journal = await openWays(store, 'tune', evaluation, ways[0], { scales, perChannel, correctBias, trials });
  const once = onceIn(journal);
  const measured = await calibrateWays(lastingDevice, evaluation, ways, report, once);
  const most = Math.max(trials, ways.length * PHASE_TRIALS);
  const search = searchOf(lastingDevice, evaluation, measured, once, (done) => report({ stage: 'trials', done, images: most }));
  const found = await searchWays({ ...search, ways, trials, allowed: loss / 100 });
  const checked = labelled ? await checkWay(lastingDevice, evaluation, measured, found.best, journal, report) : null;
  const figures = inputFigures(evaluation);
  const notes = [...figures.notes, ...memoryNotes([measured.refusedBatch, ...(checked?.refused ?? [])])];
  return {
    model: ann.name,
    dataset: dataset.name,
    initial,
    ...sweptFigures({ ...figures, notes }),
    triedImages: measured.tried.source.count,
    allowed: loss / 100,
    ...found,
    check: checked?.check ?? null,
    device: device.description,
    seconds: (performance.now() - start) / 1000,
  };
}

/** How ways are tried on a network: their times, and what they lose. */
function searchOf(
  lastingDevice: LastingDevice,
  evaluation: Evaluation,
  { convertAgain, tried }: CalibratedWays,
  once: Once,
  onTrial: (done: number) => void,
): Pick<Search, 'depths' | 'waves' | 'stepsTo' | 'lossesOf'> {
  const { ann, waves } = evaluation;
  const depth = depths(ann);
  const timed = ann.layers.map((layer, l) => ({ depth: depth[l], terms: layer.kind === 'pool' ? [] : layer.terms }));
  let done = 0;
  return {
    depths: depth[depth.length - 1],
    waves,
    stepsTo: (phaseBits, word) => wordSteps(timetableOf(timed, phaseBits), word),
    lossesOf: async ({ scale, percentile, perChannel, correctBias }, phaseBits, words) => {
      const way = { scale, percentile, perChannel, correctBias };
      const estimates = await once(`losses of ${JSON.stringify({ ...way, phaseBits, words })}`, async () => {
        const network = await convertAgain({ ...way, phaseBits });
        const found = await lastingDevice.through((device) => tryNetwork(device, network, tried, { ...evaluation, waves: words }));
        return found.map((one) => estimatedLoss(one.estimates));
      });
      lastingDevice.progressed();
      onTrial(++done);
      return estimates;
    },
  };
}

/** The best way on the images to evaluate, and images at once for which a session had no memory. */
interface Checked {
  readonly check: Check;
  readonly refused: readonly (number | null)[];
}

/** Runs the trained network and the best way over the images to evaluate. */
async function checkWay(
  lastingDevice: LastingDevice,
  evaluation: Evaluation,
  { convertAgain }: CalibratedWays,
  best: Trial,
  journal: Journal<WaysSoFar>,
  report: Report,
): Promise<Checked> {
  const { images, ann } = evaluation;
  const of = (stage: 'ann' | 'snn') => (done: number) => report({ stage, done, images: images.count });
  const [, part] = cutImages(images, 0, classesOf(ann)) as [null, Part];
  const tracks = wayTracks(journal, part.classes);
  const trained = await resumeTrained(lastingDevice, evaluation, part, new Stopwatch(), ({ done }) => of('ann')(done), tracks);
  const network = await convertAgain(best);
  const spiking = await wordHits(lastingDevice, network, { ...evaluation, waves: best.word }, part, of('snn'), tracks.words(0));
  const { top1: annTop1 } = accuracyOf(trained.hits as Hits);
  const { images: count, top1, ...changes } = spiking.words[best.word - 1];
  return {
    check: { images: count, annTop1, top1: top1 / count, loss: lossOf(changes, count) },
    refused: [trained.refusedBatch, spiking.refusedBatch],
  };
}
