import type { Comparison, ComparisonRow } from '../evaluate/comparison.ts';
import { phaseText } from '../report/text.ts';
import { COLUMNS, clip, field, paint, percent, points, scaled, whole } from './print.ts';
import { inputLines, noteLines } from './print-inputs.ts';

/** A comparison for people, at most 80 columns wide: a line for each neuron and time. */
export function formatComparison(comparison: Comparison, color: boolean): string {
  const style = paint(color);
  const { model, dataset, images, ann, rows, phaseBits, device, seconds } = comparison;
  const put = (label: string, value: string) => field(label, value, style);
  const line = (row: ComparisonRow, i: number): string => {
    const isFirst = row.neuron !== rows[i - 1]?.neuron;
    return `${isFirst && i > 0 ? '\n' : ''}${format(cells(row, ann.top1, isFirst))}`;
  };
  const lines = [
    style.bold(clip(`${model} on ${dataset}: ${whole(images)} images`, COLUMNS)),
    '',
    put('device', `${device.adapter}${device.software ? ' (software)' : ''}`),
    put('ANN', `${percent(ann.top1)}, ${scaled(ann.macs)} multiply-adds an image`),
    put('K', `${phaseText(phaseBits)} steps a window`),
    ...inputLines(comparison, style),
    '',
    style.dim(format(HEAD)),
    ...rows.map(line),
    '',
    put('columns', 'SIN: neurons that spike without activation, of all; spikes, operations (synaptic), convolutions: an image'),
    put('time', `${seconds.toFixed(1)} s in all; s: on the GPU up to T, all images`),
    ...noteLines(comparison, style),
  ];
  return `${lines.join('\n')}\n`;
}

const HEAD = ['neuron', 'T', 'top-1', 'to ANN', 'SIN', 'spikes', 'operat.', 'conv.', 's'];
const WIDTHS = [15, 6, 9, 8, 9, 9, 9, 7, 6];

const format = (texts: readonly string[]): string =>
  `  ${texts.map((text, i) => (i === 0 ? clip(text, WIDTHS[0]).padEnd(WIDTHS[0]) : text.padStart(WIDTHS[i]))).join('')}`.trimEnd();

function cells(row: ComparisonRow, ann: number, isFirst: boolean): string[] {
  const { neuron, t, top1, sin, spikesPerImage, synapticOperations, convolutions, seconds } = row;
  return [
    isFirst ? neuron : '',
    String(t),
    top1 === null ? '–' : percent(top1),
    top1 === null ? '' : points(top1 - ann),
    percent(sin),
    scaled(spikesPerImage),
    scaled(synapticOperations),
    whole(convolutions),
    seconds?.toFixed(1) ?? '',
  ];
}
