import type { Sweep, SweepRow } from '../evaluate/swept.ts';
import { wayText } from '../report/text.ts';
import { COLUMNS, clip, estimated, field, paint, percent, points, printable, standardErrorText, whole } from './print.ts';
import { noteLines, sweptInputLines } from './print-inputs.ts';

/** A sweep for people, at most 80 columns wide: a line for each way to convert and word. */
export function formatSweep(sweep: Sweep, color: boolean): string {
  const style = paint(color);
  const { model, dataset, images, ann, rows, device, seconds } = sweep;
  const put = (label: string, value: string) => field(label, value, style);
  const line = (row: SweepRow, i: number): string => {
    const before = rows[i - 1];
    const isNew = before === undefined || wayText(row) !== wayText(before);
    const text = format([isNew ? wayText(row) : '', ...cells(row, isNew || row.phaseBits !== before.phaseBits)]);
    return `${isNew && i > 0 ? '\n' : ''}${row === sweep.recommended ? style.bold(text) : text}`;
  };
  const lines = [
    style.bold(clip(printable(`${model} on ${dataset}: ${whole(images)} images`), COLUMNS)),
    '',
    put('device', `${device.adapter}${device.software ? ' (software)' : ''}`),
    put('ANN', percent(ann.top1)),
    ...sweptInputLines(sweep, style),
    '',
    style.dim(format(['scale', 'K', 'words', 'step T', 'top-1', 'to ANN', '±'])),
    ...rows.map(line),
    '',
    put('recommended', recommendation(sweep)),
    put('columns', '±: standard error of the difference to the ANN, on the same images'),
    put('time', `${seconds.toFixed(1)} s`),
    ...noteLines(sweep, style),
  ];
  return `${lines.join('\n')}\n`;
}

const WIDTHS = [32, 3, 7, 8, 10, 9, 7];

const format = (texts: readonly string[]): string =>
  `  ${texts.map((text, i) => (i === 0 ? clip(text, WIDTHS[0]).padEnd(WIDTHS[0]) : text.padStart(WIDTHS[i]))).join('')}`.trimEnd();

function cells({ phaseBits, word, t, top1, loss }: SweepRow, isNew: boolean): string[] {
  const error = standardErrorText(loss.standardError);
  return [isNew ? String(phaseBits) : '', String(word), String(t), percent(top1), points(-loss.value), error];
}

/** "K = 4, 1 word (T = 80), mse, biases corrected: loses 0.31 ± 0.12 points" */
function recommendation({ recommended: row, met, allowed }: Sweep): string {
  const { phaseBits, word, t, loss } = row;
  const way = `K = ${phaseBits}, ${word} word${word === 1 ? '' : 's'} (T = ${t}), ${wayText(row)}: loses ${estimated(loss)} points`;
  const most = `${Number((100 * allowed).toFixed(2))} points`;
  return met ? `${way}, the least T with at most ${most}` : `none loses at most ${most}; nearest is ${way}`;
}
