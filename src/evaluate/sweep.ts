import type { Ann } from '../ann/ann.ts';
import { BOOLEAN, type Checks, checkOptions, integer, listOf, optionsOf, without } from '../checks.ts';
import { conversionsOf } from '../convert/convert.ts';
import type { ScaleText } from '../convert/scale.ts';
import type { DataSet } from '../data/data-set.ts';
import { OptionError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { wordSteps } from '../network/timetable.ts';
import { ANN_SESSION_OPTIONS, AnnSession } from '../run/ann-session.ts';
import type { LabelledSource } from '../run/source.ts';
import { accuracyOf, lossOf } from './accuracy.ts';
import { classesOf } from './fit.ts';
import { checkGiven } from './given.ts';
import type { Model } from './model.ts';
import { type EvaluateOptions, type EvaluateSettings, RANGES } from './options.ts';
import { cutImages, type Part, trainedHits } from './passes.ts';
import { type Evaluation, inputFigures, prepare } from './prepare.ts';
import { rehearseWords } from './rehearse.ts';
import { EVALUATE_OPTIONS, SCALE, settle } from './settle.ts';
import { recommended, SWEPT, type Sweep, type SweepRow, sweptFigures } from './swept.ts';
import { wordHits } from './word-hits.ts';

/** What is swept over; the rest as in `evaluate`. */
export interface SweepOptions
  extends Omit<EvaluateOptions, 'phaseBits' | 'scale' | 'percentile' | 'perChannel' | 'correctBias' | 'diagnosis'> {
  /** K of all depths (default `SWEPT.phaseBits`). */
  readonly phaseBits?: readonly number[];
  /** How λ of a layer is chosen (default `SWEPT.scales`). */
  readonly scales?: readonly ScaleText[];
  /** Whether each channel has a λ (default `SWEPT.perChannel`). */
  readonly perChannel?: readonly boolean[];
  /** Whether biases are corrected (default `SWEPT.correctBias`). */
  readonly correctBias?: readonly boolean[];
}

/** What each of `SweepOptions` must be. */
export const SWEEP_OPTIONS: Checks<SweepOptions> = {
  ...without(EVALUATE_OPTIONS, 'scale', 'percentile', 'diagnosis'),
  phaseBits: listOf(integer(...RANGES.phaseBits), 0),
  scales: listOf(SCALE, 0),
  perChannel: listOf(BOOLEAN, 0),
  correctBias: listOf(BOOLEAN, 0),
};

/** How far a sweep is: images done of a stage's images; those of all candidates together in the last. */
export interface SweepProgress {
  readonly stage: 'calibration' | 'ann' | 'sweep';
  readonly done: number;
  readonly images: number;
}

type Report = (progress: SweepProgress) => void;

/**
 * Converts a network in every way of a grid, K by scale by correction, and runs each over labelled images once, the trained network too.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function sweep(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: SweepOptions = {},
  report: Report = () => {},
): Promise<Sweep> {
  const start = performance.now();
  checkGiven(device, model, given, report);
  const candidates = candidatesOf(options);
  const evaluation = await prepare(model, given, candidates[0]);
  const { ann, dataset, images, waves, initial, loss } = evaluation;
  for (const phaseBits of new Set(candidates.map((one) => one.phaseBits))) rehearseWords(device, { ...evaluation, phaseBits });
  const [, part] = cutImages(images, 0, classesOf(ann)) as [null, Part];
  const countChannels = candidates.some(({ perChannel }) => perChannel);
  const trained = await AnnSession.create(device, ann, {
    ...optionsOf(ANN_SESSION_OPTIONS, evaluation),
    imageCount: evaluation.images.count,
    countChannels,
  });
  const { calibration, hits } = await runTrained(trained, evaluation, part, report).finally(() => trained.dispose());
  const convertAgain = conversionsOf(device, ann, calibration, evaluation.calibrationSource, evaluation);
  const rows: SweepRow[] = [];
  for (const [i, { scale, percentile, perChannel, correctBias, phaseBits }] of candidates.entries()) {
    const way = { scale, percentile, perChannel, correctBias, phaseBits: phaseBits as number };
    const network = await convertAgain(way);
    const onImages = (done: number) =>
      report({ stage: 'sweep', done: i * images.count + done, images: candidates.length * images.count });
    const words = await wordHits(device, network, evaluation, part, onImages);
    words.forEach(({ top1, images: all, ...changes }, w) => {
      const at = { word: w + 1, t: wordSteps(network.timetable, w + 1) };
      rows.push({ ...way, ...at, top1: top1 / all, loss: lossOf(changes, all) });
    });
  }
  return {
    model: ann.name,
    dataset: dataset.name,
    images: images.count,
    classes: classesOf(ann),
    waves,
    initial,
    ...sweptFigures(inputFigures(evaluation)),
    ann: accuracyOf(hits),
    rows,
    allowed: loss / 100,
    ...recommended(rows, loss / 100),
    device: device.description,
    seconds: (performance.now() - start) / 1000,
  };
}

/** All ways to convert, checked. @throws OptionError */
export function candidatesOf(options: SweepOptions): EvaluateSettings[] {
  const { phaseBits = SWEPT.phaseBits, scales = SWEPT.scales, ...others } = checkOptions(options, SWEEP_OPTIONS);
  const { perChannel = SWEPT.perChannel, correctBias = SWEPT.correctBias, ...rest } = others;
  const candidates = scales.flatMap((scale) =>
    perChannel.flatMap((channels) =>
      correctBias.flatMap((corrected) =>
        phaseBits.map((K) => settle({ ...rest, scale, perChannel: channels, correctBias: corrected, phaseBits: K })),
      ),
    ),
  );
  if (candidates.length > 0) return candidates;
  throw new OptionError(
    'sweep',
    'sweep',
    'has nothing to go through',
    'give a K, a scale, and whether it is by channel and biases are corrected',
  );
}

/** Calibrates, then runs the trained network over the images. */
async function runTrained(session: AnnSession, { calibrationSource }: Evaluation, part: Part, report: Report) {
  const calibration = await session.calibrate(calibrationSource, ({ first, images }) =>
    report({ stage: 'calibration', done: first + images, images: calibrationSource.count }),
  );
  const { count } = part.source;
  return { calibration, hits: await trainedHits(session, part, (done) => report({ stage: 'ann', done, images: count })) };
}
