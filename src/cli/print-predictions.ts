import type { Prediction, Predictions, Score } from '../evaluate/predict.ts';
import { phaseText } from '../report/text.ts';
import { COLUMNS, clip, field, type Paint, paint, printable } from './print.ts';
import { inputLines, noteLines } from './print-inputs.ts';

/** What the command prints: predictions with the file of each. */
export interface NamedPredictions extends Omit<Predictions, 'images'> {
  readonly images: readonly (Prediction & { readonly file: string })[];
}

/** Predictions for people, at most 80 columns wide: a table for each picture. */
export function formatPredictions(found: NamedPredictions, color: boolean): string {
  const style = paint(color);
  const { model, phaseBits, waves, images } = found;
  const put = (label: string, value: string) => field(label, value, style);
  const lines = [
    style.bold(clip(`${printable(model)}: ${images.length} picture${images.length === 1 ? '' : 's'}`, COLUMNS)),
    '',
    put('words', `K = ${phaseText(phaseBits)} spikes each, ${waves} of them`),
    ...inputLines(found, style, images[0]?.annClass === null),
    ...images.flatMap((one) => ['', ...pictureLines(one, style)]),
    ...noteLines(found, style),
  ];
  return `${lines.join('\n')}\n`;
}

const CLASS_COLUMNS = 38;
const SHARE_COLUMNS = 10;

function pictureLines({ file, top, finalAt, class: best, annClass }: NamedPredictions['images'][number], style: Paint): string[] {
  const words = shownWords(top[0].shares.length);
  const head = [...words.map((w) => `word ${w + 1}`), ...(annClass === null ? [] : ['ANN'])]
    .map((text) => text.padStart(SHARE_COLUMNS))
    .join('');
  const agreement = annClass === null ? '' : annClass === best ? ', as the ANN’s' : `, the ANN’s is ${annClass}`;
  return [
    style.bold(clip(`  ${printable(file)}`, COLUMNS)),
    `  final from step T = ${finalAt} on${agreement}`,
    style.dim(`${'  class'.padEnd(CLASS_COLUMNS + 2)}${head}`),
    ...top.map((score) => `  ${className(score).padEnd(CLASS_COLUMNS)}${shares(score, words)}`),
  ];
}

/** The first words and the last. */
const shownWords = (count: number): number[] => (count <= 3 ? Array.from({ length: count }, (_, w) => w) : [0, 1, count - 1]);

const className = ({ class: index, name }: Score): string =>
  clip(name === null ? `class ${index}` : `${index} ${printable(name)}`, CLASS_COLUMNS);

const shares = ({ shares: all, annShare }: Score, words: readonly number[]): string =>
  [...words.map((w) => all[w]), ...(annShare === null ? [] : [annShare])]
    .map((share) => `${(100 * share).toFixed(2)} %`.padStart(SHARE_COLUMNS))
    .join('');
