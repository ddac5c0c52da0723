import type { Ann } from '../ann/ann.ts';
import { convertCorrected } from '../convert/convert.ts';
import type { ScaleText } from '../convert/scale.ts';
import type { DataSet } from '../data/data-set.ts';
import { OptionError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { readoutPhases, wordSteps } from '../network/timetable.ts';
import { AnnSession, type Calibration } from '../run/ann-session.ts';
import type { AnnBatch, Batch } from '../run/batch.ts';
import { Session } from '../run/session.ts';
import type { LabelledSource } from '../run/source.ts';
import { accuracyOf, type Changes, countChanges, countHits, type Hits, lossOf } from './accuracy.ts';
import { readingsAt } from './curve.ts';
import { classesOf } from './fit.ts';
import { folding } from './folds.ts';
import type { Model } from './model.ts';
import { type EvaluateOptions, type EvaluateSettings, settle } from './options.ts';
import { cutImages, type Part, trainedFold } from './passes.ts';
import { type Evaluation, inputFigures, prepare } from './prepare.ts';
import { recommended, SWEPT, type Sweep, type SweepRow } from './swept.ts';

/** What is swept over; the rest as in `evaluate`. */
export interface SweepOptions extends Omit<EvaluateOptions, 'phaseBits' | 'scale' | 'percentile' | 'correctBias' | 'diagnosis'> {
  /** K of all depths (default `SWEPT.phaseBits`). */
  readonly phaseBits?: readonly number[];
  /** How λ of a layer is chosen (default `SWEPT.scales`). */
  readonly scales?: readonly ScaleText[];
  /** Whether biases are corrected (default `SWEPT.correctBias`). */
  readonly correctBias?: readonly boolean[];
}

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
  const candidates = candidatesOf(options);
  const evaluation = await prepare(model, given, candidates[0]);
  const { ann, dataset, images, waves, initial, loss } = evaluation;
  const [, part] = cutImages(images, 0, classesOf(ann)) as [null, Part];
  const { calibration, hits } = await runTrained(device, evaluation, part, report);
  const rows: SweepRow[] = [];
  for (const [i, { scale, percentile, correctBias, phaseBits }] of candidates.entries()) {
    const way = { scale, percentile, correctBias, phaseBits: phaseBits as number };
    const network = await convertCorrected(device, ann, calibration, evaluation.calibrationSource, { ...evaluation, ...way });
    const onImages = (done: number) =>
      report({ stage: 'sweep', done: i * images.count + done, images: candidates.length * images.count });
    const words = await runWords(device, network, evaluation, part, onImages);
    words.forEach(({ top1, images: all, ...changes }, w) => {
      const at = { word: w + 1, t: wordSteps(network.timetable, w + 1) };
      rows.push({ ...way, ...at, top1: top1 / all, loss: lossOf(changes, all) });
    });
  }
  const { scale: _, percentile: __, correctBias: ___, ...figures } = inputFigures(evaluation);
  return {
    model: ann.name,
    dataset: dataset.name,
    images: images.count,
    classes: classesOf(ann),
    waves,
    initial,
    ...figures,
    ann: accuracyOf(hits),
    rows,
    allowed: loss / 100,
    ...recommended(rows, loss / 100),
    device: device.description,
    seconds: (performance.now() - start) / 1000,
  };
}

/** All ways to convert, checked. @throws OptionError */
function candidatesOf(options: SweepOptions): EvaluateSettings[] {
  const { phaseBits = SWEPT.phaseBits, scales = SWEPT.scales, correctBias = SWEPT.correctBias, ...rest } = options;
  const candidates = scales.flatMap((scale) =>
    correctBias.flatMap((corrected) => phaseBits.map((K) => settle({ ...rest, scale, correctBias: corrected, phaseBits: K }))),
  );
  if (candidates.length > 0) return candidates;
  throw new OptionError('sweep', 'sweep', 'has nothing to go through', 'give a K, a scale and whether biases are corrected');
}

/** Calibrates, then runs the trained network over the images. */
async function runTrained(
  device: Device,
  evaluation: Evaluation,
  part: Part,
  report: Report,
): Promise<{ readonly calibration: Calibration; readonly hits: Hits }> {
  const { ann, calibrationSource, images } = evaluation;
  const session = await AnnSession.create(device, ann, evaluation);
  try {
    const calibration = await session.calibrate(calibrationSource, ({ first, images: some }) =>
      report({ stage: 'calibration', done: first + some, images: calibrationSource.count }),
    );
    const fold = trainedFold(part);
    await session.run(part.source, (batch: AnnBatch) => {
      fold.add(batch);
      report({ stage: 'ann', done: batch.first + batch.images, images: images.count });
    });
    return { calibration, hits: fold.sums() as Hits };
  } finally {
    session.dispose();
  }
}

/** Where each word of a network puts images that the trained network has seen. */
async function runWords(
  device: Device,
  network: SpikingNetwork,
  { waves, batch, choices }: Pick<Evaluation, 'waves' | 'batch' | 'choices'>,
  { source, classes }: Part,
  onImages: (done: number) => void,
): Promise<readonly (Hits & Changes)[]> {
  const session = await Session.create(device, network, { waves, batch, choices });
  try {
    const window = readoutPhases(network.timetable);
    const fold = folding((some: Batch) =>
      Array.from({ length: waves }, (_, w) => {
        const readings = readingsAt(some, (w + 1) * window - 1, session.units);
        return {
          ...countHits(readings, source.labels, some.first),
          ...countChanges(readings, source.labels, classes, some.first),
        };
      }),
    );
    await session.run(source, (some) => {
      fold.add(some);
      onImages(some.first + some.images);
    });
    return fold.sums() as (Hits & Changes)[];
  } finally {
    session.dispose();
  }
}
