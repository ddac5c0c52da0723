import type { Ann } from '../ann/ann.ts';
import { BOOLEAN, type Checks, checkOptions, integer, listOf, without } from '../checks.ts';
import type { ScaleText } from '../convert/scale.ts';
import type { DataSet } from '../data/data-set.ts';
import { OptionError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { wordSteps } from '../network/timetable.ts';
import type { LabelledSource } from '../run/source.ts';
import { accuracyOf, type Hits, lossOf } from './accuracy.ts';
import { type CalibratedWays, calibrateWays } from './calibrate-ways.ts';
import { CHECKPOINT, type CheckpointStore } from './checkpoint.ts';
import { classesOf } from './fit.ts';
import { checkGiven } from './given.ts';
import { type LastingDevice, lasting } from './lasting.ts';
import type { Model } from './model.ts';
import { memoryNotes } from './notes.ts';
import { type EvaluateOptions, type EvaluateSettings, RANGES } from './options.ts';
import { cutImages, type Part, resumeTrained } from './passes.ts';
import { type Evaluation, inputFigures, prepare } from './prepare.ts';
import { rehearseWords } from './rehearse.ts';
import { EVALUATE_OPTIONS, SCALE, settle } from './settle.ts';
import { onceIn } from './stages.ts';
import { Stopwatch } from './stopwatch.ts';
import { recommended, SWEPT, type Sweep, type SweepRow, sweptFigures } from './swept.ts';
import { openWays, type WayTracks, wayTracks } from './ways-so-far.ts';
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
  /** Where what was found is kept now and then, and where an earlier call that was ended left it (default: nowhere). */
  readonly checkpoint?: CheckpointStore | undefined;
}

/** What each of `SweepOptions` must be. */
export const SWEEP_OPTIONS: Checks<SweepOptions> = {
  ...without(EVALUATE_OPTIONS, 'scale', 'percentile', 'diagnosis'),
  phaseBits: listOf(integer(...RANGES.phaseBits), 0),
  scales: listOf(SCALE, 0),
  perChannel: listOf(BOOLEAN, 0),
  correctBias: listOf(BOOLEAN, 0),
  checkpoint: CHECKPOINT,
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
 * Where the device is lost it is opened again, and goes on at the first batch that did not land.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function sweep(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: SweepOptions = {},
  report: Report = () => {},
): Promise<Sweep> {
  checkGiven(device, model, given, report);
  return lasting(device, (one) => sweepOn(device, one, model, given, options, report));
}

async function sweepOn(
  device: Device,
  lastingDevice: LastingDevice,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: SweepOptions,
  report: Report,
): Promise<Sweep> {
  const start = performance.now();
  const { checkpoint = null, ...rest } = checkOptions(options, SWEEP_OPTIONS);
  const candidates = candidatesOf(rest);
  const evaluation = await prepare(model, given, candidates[0]);
  const { ann, dataset, images, waves, initial, loss } = evaluation;
  for (const phaseBits of new Set(candidates.map((one) => one.phaseBits))) rehearseWords(device, { ...evaluation, phaseBits });
  const [, part] = cutImages(images, 0, classesOf(ann)) as [null, Part];
  const { phaseBits, scales, perChannel, correctBias } = { ...SWEPT, ...rest };
  const journal = await openWays(checkpoint, 'sweep', evaluation, candidates[0], { phaseBits, scales, perChannel, correctBias });
  const calibrated = await calibrateWays(lastingDevice, evaluation, candidates, report, onceIn(journal));
  const tracks = wayTracks(journal, part.classes);
  const onTrained = ({ done }: { readonly done: number }) => report({ stage: 'ann', done, images: images.count });
  const trained = await resumeTrained(lastingDevice, evaluation, part, new Stopwatch(), onTrained, tracks);
  const { rows, refused } = await runWays(lastingDevice, evaluation, calibrated, candidates, part, tracks, report);
  const figures = inputFigures(evaluation);
  return {
    model: ann.name,
    dataset: dataset.name,
    images: images.count,
    classes: classesOf(ann),
    waves,
    initial,
    ...sweptFigures({
      ...figures,
      notes: [...figures.notes, ...memoryNotes([calibrated.refusedBatch, trained.refusedBatch, ...refused])],
    }),
    ann: accuracyOf(trained.hits as Hits),
    rows,
    allowed: loss / 100,
    ...recommended(rows, loss / 100),
    device: device.description,
    seconds: (performance.now() - start) / 1000,
  };
}

/** Converts in every way and runs each over the images. @returns all rows, and images at once for which the device had no memory */
async function runWays(
  lastingDevice: LastingDevice,
  evaluation: Evaluation,
  { convertAgain }: CalibratedWays,
  candidates: readonly EvaluateSettings[],
  part: Part,
  tracks: WayTracks,
  report: Report,
): Promise<{ readonly rows: readonly SweepRow[]; readonly refused: readonly (number | null)[] }> {
  const { count } = part.source;
  const rows: SweepRow[] = [];
  const refused: (number | null)[] = [];
  for (const [i, { scale, percentile, perChannel, correctBias, phaseBits }] of candidates.entries()) {
    const way = { scale, percentile, perChannel, correctBias, phaseBits: phaseBits as number };
    const network = await convertAgain(way);
    const onImages = (done: number) => report({ stage: 'sweep', done: i * count + done, images: candidates.length * count });
    const { words, refusedBatch } = await wordHits(lastingDevice, network, evaluation, part, onImages, tracks.words(i));
    refused.push(refusedBatch);
    words.forEach(({ top1, images: all, ...changes }, w) => {
      const at = { word: w + 1, t: wordSteps(network.timetable, w + 1) };
      rows.push({ ...way, ...at, top1: top1 / all, loss: lossOf(changes, all) });
    });
  }
  return { rows, refused };
}

/** All ways to convert, checked. @throws OptionError */
export function candidatesOf(options: Omit<SweepOptions, 'checkpoint'>): EvaluateSettings[] {
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
