import type { Ann } from '../ann/ann.ts';
import { type Checks, checkOptions, integer, optionsOf, without } from '../checks.ts';
import { PHASE_TRIALS } from '../convert/choose-phases.ts';
import { type ConvertAgain, conversionsOf } from '../convert/convert.ts';
import { type Estimate, estimatedLoss } from '../convert/estimate.ts';
import type { ScaleText } from '../convert/scale.ts';
import { type Search, searchWays, type Trial } from '../convert/search.ts';
import { calibrateForTrials, type TriedImages, tryNetwork } from '../convert/trials.ts';
import type { DataSet } from '../data/data-set.ts';
import type { Device } from '../gpu/device.ts';
import { timetableOf, wordSteps } from '../network/timetable.ts';
import { depths } from '../quantize/joins.ts';
import { ANN_SESSION_OPTIONS, AnnSession } from '../run/ann-session.ts';
import type { ImageSource, LabelledSource } from '../run/source.ts';
import { accuracyOf, lossOf } from './accuracy.ts';
import { checkLabels, checkSorted, classesOf } from './fit.ts';
import { checkGiven } from './given.ts';
import { asModel, type Model } from './model.ts';
import { DEFAULTS, type EvaluateOptions } from './options.ts';
import { cutImages, type Part, trainedHits } from './passes.ts';
import { type Evaluation, inputFigures, prepareImages } from './prepare.ts';
import { rehearseWords } from './rehearse.ts';
import { candidatesOf, SWEEP_OPTIONS } from './sweep.ts';
import { sweptFigures } from './swept.ts';
import { type Check, DEFAULT_TRIALS, type TunedNetwork } from './tuned-network.ts';
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
}

/** What each of `TuneNetworkOptions` must be. */
export const TUNE_NETWORK_OPTIONS: Checks<TuneNetworkOptions> = { ...without(SWEEP_OPTIONS, 'phaseBits'), trials: integer(1) };

/** How far a search is: images done of a stage's images; trials of those that may be tried, in the stage "trials". */
export interface TuneNetworkProgress {
  readonly stage: 'calibration' | 'trials' | 'ann' | 'snn';
  readonly done: number;
  readonly images: number;
}

type Report = (progress: TuneNetworkProgress) => void;

/**
 * Looks for the least T whose estimated loss is allowed (`searchWays`), on calibration images without their labels, and checks what it found
 * on the images to evaluate where these have labels.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function tuneNetwork(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | ImageSource,
  options: TuneNetworkOptions = {},
  report: Report = () => {},
): Promise<TunedNetwork> {
  const start = performance.now();
  checkGiven(device, model, given, report);
  const { trials = DEFAULT_TRIALS, ...rest } = checkOptions(options, TUNE_NETWORK_OPTIONS);
  const ways = candidatesOf({ ...rest, phaseBits: [DEFAULTS.phaseBits] });
  const opened = await asModel(model);
  const evaluation = prepareImages(opened, given as DataSet | LabelledSource, ways[0]);
  const { ann, dataset, images, offset, initial, loss } = evaluation;
  rehearseWords(device, { ...evaluation, phaseBits: 'auto' });
  const labelled = (images.labels?.length ?? 0) > 0;
  if (labelled) checkSorted(ann, dataset);
  if (labelled) checkLabels(ann, images, dataset.name, offset);
  const countChannels = ways.some(({ perChannel }) => perChannel);
  const trained = await AnnSession.create(device, ann, {
    ...optionsOf(ANN_SESSION_OPTIONS, evaluation),
    imageCount: images.count,
    countChannels,
  });
  try {
    const { calibrationSource } = evaluation;
    const { calibration, tried } = await calibrateForTrials(trained, calibrationSource, ({ first, images: some }) =>
      report({ stage: 'calibration', done: first + some, images: calibrationSource.count }),
    );
    const measured = { convertAgain: conversionsOf(device, ann, calibration, calibrationSource, evaluation), tried };
    const most = Math.max(trials, ways.length * PHASE_TRIALS);
    const search = searchOf(device, evaluation, measured, (done) => report({ stage: 'trials', done, images: most }));
    const found = await searchWays({ ...search, ways, trials, allowed: loss / 100 });
    return {
      model: ann.name,
      dataset: dataset.name,
      initial,
      ...sweptFigures(inputFigures(evaluation)),
      triedImages: tried.source.count,
      allowed: loss / 100,
      ...found,
      check: labelled ? await checkWay(trained, evaluation, measured, found.best, report) : null,
      device: device.description,
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    trained.dispose();
  }
}

/** What conversions are made and tried with. */
interface Measured {
  readonly convertAgain: ConvertAgain;
  readonly tried: TriedImages;
}

/** How ways are tried on a network: their times, and what they lose. */
function searchOf(
  device: Device,
  evaluation: Evaluation,
  measured: Measured,
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
    lossesOf: async (way, phaseBits, words): Promise<Estimate[]> => {
      const network = await measured.convertAgain({ ...way, phaseBits });
      const found = await tryNetwork(device, network, measured.tried, { ...evaluation, waves: words });
      onTrial(++done);
      return found.map(({ estimates }) => estimatedLoss(estimates));
    },
  };
}

/** Runs the trained network and the best way over the images to evaluate. */
async function checkWay(
  trained: AnnSession,
  evaluation: Evaluation,
  measured: Measured,
  best: Trial,
  report: Report,
): Promise<Check> {
  const { images, ann } = evaluation;
  const of = (stage: 'ann' | 'snn') => (done: number) => report({ stage, done, images: images.count });
  const [, part] = cutImages(images, 0, classesOf(ann)) as [null, Part];
  const { top1: annTop1 } = accuracyOf(await trainedHits(trained, part, of('ann')));
  const network = await measured.convertAgain(best);
  const words = await wordHits(trained.device, network, { ...evaluation, waves: best.word }, part, of('snn'));
  const { images: count, top1, ...changes } = words[best.word - 1];
  return { images: count, annTop1, top1: top1 / count, loss: lossOf(changes, count) };
}
