import type { PhaseChoice } from '../convert/choose-phases.ts';
import type { ScaleMethod } from '../convert/scale.ts';
import type { NormalizationFigures } from '../evaluate/fit.ts';
import type { InputFigures, SavedInputFigures, SavedScaleFigures } from '../evaluate/result.ts';
import type { SweptFigures } from '../evaluate/swept.ts';
import type { CalibrationOrigin, NormalizationOrigin } from '../network/saved/about.ts';
import { estimated, field, type Paint, printable, whole } from './print.ts';

const NORMALIZED_BY: Readonly<Record<NormalizationOrigin, string>> = {
  options: 'as given',
  sidecar: 'the model’s sidecar',
  model: 'in the model itself',
  'data set': 'the data set’s',
  images: 'normalised already',
  nobody: 'assumed',
  network: 'as saved',
};

/** "mean 0.485, 0.456, 0.406, std 0.229, 0.224, 0.225 (the model’s sidecar)" */
export function normalizationText({ mean, std, meanFrom, stdFrom }: NormalizationFigures): string {
  const list = (values: readonly number[]) => values.map((v) => Number(v.toPrecision(4))).join(', ');
  const by = (from: NormalizationOrigin) => `(${NORMALIZED_BY[from]})`;
  if (meanFrom === stdFrom) return `mean ${list(mean)}, std ${list(std)} ${by(stdFrom)}`;
  return `mean ${list(mean)} ${by(meanFrom)}, std ${list(std)} ${by(stdFrom)}`;
}

const CALIBRATED_ON: Readonly<Record<CalibrationOrigin, string>> = {
  own: 'images given for calibration',
  training: 'training images',
  others: 'images that are not evaluated',
  evaluated: 'images that are evaluated too',
};

/** What a saved network was calibrated on: no images of the run, whatever it is run on. */
const SAVED_ON: Readonly<Record<CalibrationOrigin, string>> = {
  ...CALIBRATED_ON,
  others: 'images for evaluation',
  evaluated: 'images for evaluation',
};

/**
 * "99.9th percentile of 500 training images", "mse over 500 training images, biases corrected", "bounds in the graph"; of a saved
 * network with ", as saved", and that alone where its file does not say.
 */
export function scalesText(figures: SavedScaleFigures, saved = false): string {
  const { scale, percentile, calibrationImages, calibratedOn, perChannel, correctBias } = figures;
  if (scale === null || percentile === null || calibrationImages === null || calibratedOn === null) return 'as saved';
  const images = calibrationText(calibrationImages, (saved ? SAVED_ON : CALIBRATED_ON)[calibratedOn]);
  return `${methodText(scale, percentile, images)}${perChannel ? ', by channel' : ''}${correctBias ? ', biases corrected' : ''}${saved ? ', as saved' : ''}`;
}

function calibrationText(count: number, whose: string): string {
  const one = whose.replace('images', 'image').replace(' are ', ' is ');
  return `${whole(count)} ${count === 1 ? one : whose}`;
}

/** Mean and std, and what scales of several kinds come from: two fields. */
export const sweptInputLines = (figures: SweptFigures, style: Paint): string[] => [
  field('pixels', normalizationText(figures.normalization), style),
  field('scales', `of ${calibrationText(figures.calibrationImages, CALIBRATED_ON[figures.calibratedOn])}`, style),
];

function methodText(scale: ScaleMethod, percentile: number, images: string): string {
  switch (scale) {
    case 'percentile':
      return `${ordinal(percentile)} percentile of ${images}`;
    case 'max':
      return `maximum of ${images}`;
    case 'mse':
      return `mse over ${images}`;
    case 'bound':
      return 'bounds in the graph';
  }
}

/** Mean and std, and the scales: two fields. @param saved of a saved network */
export const inputLines = (figures: SavedInputFigures, style: Paint, saved = false): string[] => [
  field('pixels', normalizationText(figures.normalization), style),
  field('scales', scalesText(figures, saved), style),
];

/** How K was chosen; nothing where it was given. */
export const choiceLines = (choice: PhaseChoice | null, style: Paint): string[] =>
  choice === null ? [] : [field('chosen', choiceText(choice), style)];

const choiceText = ({ loss, allowed, images }: PhaseChoice): string =>
  `the first word is estimated to lose ${estimated(loss)} points (${Number((100 * allowed).toFixed(2))} allowed), on ${whole(images)} image${images === 1 ? '' : 's'}, no labels`;

/** Pictures left out that are named. */
const NAMED = 10;

/** What no figure says, and what was left out, below the figures; nothing where there is nothing to say. */
export function noteLines({ notes, skipped }: Pick<InputFigures, 'notes' | 'skipped'>, style: Paint): string[] {
  const lines = [
    ...notes.map(({ text }) => field('note', printable(text), style)),
    ...skipped.slice(0, NAMED).map(({ path, reason }) => field('left out', printable(`${path}: ${reason}`), style)),
    ...(skipped.length > NAMED ? [field('left out', `${skipped.length - NAMED} more (all are in the JSON)`, style)] : []),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}

/** 99.9 as "99.9th", 1 as "1st". */
function ordinal(value: number): string {
  const suffixes: Readonly<Record<number, string>> = { 1: 'st', 2: 'nd', 3: 'rd' };
  const teen = value % 100 >= 11 && value % 100 <= 13;
  return `${value}${teen ? 'th' : (suffixes[value % 10] ?? 'th')}`;
}
