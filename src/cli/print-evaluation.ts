import type { CurvePoint } from '../evaluate/curve.ts';
import type { EvaluationResult, SavedEvaluation, Timing } from '../evaluate/result.ts';
import { shardText } from '../evaluate/shard.ts';
import { phaseText } from '../report/text.ts';
import { bar, COLUMNS, clip, field, type Paint, paint, percent, points, printable, scaled, whole } from './print.ts';
import { choiceLines, inputLines, noteLines } from './print-inputs.ts';

const NO_ANN = 'none: a saved network has no trained one to be compared with';

/** An evaluation for people, at most 80 columns wide. */
export function formatEvaluation(result: EvaluationResult | SavedEvaluation, color: boolean): string {
  const style = paint(color);
  const { ann, snn, device, timing, part, digest } = result;
  const neurons = result.layers.reduce((sum, layer, l) => sum + (l < result.layers.length - 1 ? layer.neurons : 0), 0);
  const put = (label: string, value: string) => field(label, value, style);
  const lines = [
    style.bold(clip(printable(`${result.model} on ${result.dataset}: ${count(result.images, 'image')}`), COLUMNS)),
    '',
    put('device', `${device.adapter}${device.software ? ' (software)' : ''}`),
    put('driver', device.driver),
    ...(part === null ? [] : [put('part', `${shardText(part)}, ${count(part.images, 'image')} from ${whole(part.first)} on`)]),
    put('network', `${count(neurons, 'neuron')}, K = ${phaseText(result.phaseBits)} spikes a word, ${count(result.waves, 'wave')}`),
    ...choiceLines(result.phaseChoice, style),
    ...(result.tuned ? [put('kernels', `tuned for ${count(result.tunedShapes, 'layer shape')}`)] : []),
    ...inputLines(result, style, ann === null),
    '',
    put('ANN', ann === null ? NO_ANN : `${percent(ann.top1)}${result.classes > 10 ? ` (top-5 ${percent(ann.top5)})` : ''}`),
    '',
    ...accuracyTable(result, style),
    '',
    ...(snn.agreement === null ? [] : [put('agreement', `${percent(snn.agreement)} of the images get the ANN's class`)]),
    put(
      'spikes',
      `${whole(result.spikesPerImage)} an image, ${(result.spikesPerImage / Math.max(1, neurons)).toFixed(2)} a neuron`,
    ),
    ...(digest === null ? [] : [put('digest', digest.sha256)]),
    put('speed', speed(timing)),
    put('GPU', memory(timing)),
    put('time', ann === null ? savedTimes(timing) : times(timing)),
    ...noteLines(result, style),
  ];
  return `${lines.join('\n')}\n`;
}

const count = (n: number, noun: string): string => `${whole(n)} ${noun}${n === 1 ? '' : 's'}`;

const speed = ({ imagesPerSecond, macsPerSecond, readImagesPerSecond }: Timing): string =>
  `${scaled(imagesPerSecond)} images/s, ${scaled(macsPerSecond)} multiply-adds/s` +
  `${readImagesPerSecond !== null && readImagesPerSecond < READ_AT_ONCE ? `; read at ${scaled(readImagesPerSecond)} images/s` : ''}`;

/** Images a second from which on reading them is nothing to speak of. */
const READ_AT_ONCE = 20_000;

const times = ({ seconds, compileSeconds, calibrationSeconds, annSeconds, snnSeconds }: Timing): string =>
  `${seconds.toFixed(1)} s: compile ${compileSeconds.toFixed(1)}, calibrate ${calibrationSeconds.toFixed(1)}, ` +
  `ANN ${annSeconds.toFixed(1)}, SNN ${snnSeconds.toFixed(1)}`;

const savedTimes = ({ seconds, compileSeconds, snnSeconds }: Timing): string =>
  `${seconds.toFixed(1)} s: compile ${compileSeconds.toFixed(1)}, SNN ${snnSeconds.toFixed(1)}`;

/** What the GPU held, and how well it was kept busy where that is known. */
const memory = ({ peakGpuBytes, gpuIdleShare }: Timing): string =>
  `${whole(peakGpuBytes / 1e6)} MB of buffers at most${gpuIdleShare === null ? '' : `, idle for ${percent(gpuIdleShare)} of the SNN's run`}`;

/** A row of the table: accuracy when the readout has this many words, or this part of the first. */
interface Row {
  readonly point: CurvePoint;
  readonly words: string;
}

/** The steps shown: each one of the first word, then full words, all of few and ever fewer of many. */
export function tableRows({ waves, snn }: Pick<EvaluationResult | SavedEvaluation, 'waves' | 'snn'>): Row[] {
  const at = (t: number) => snn.curve[t - snn.curve[0].t];
  const parts = Array.from({ length: snn.window - 1 }, (_, k) => ({
    point: at(snn.firstOutput - snn.window + 1 + k),
    words: `${k + 1}/${snn.window}`,
  }));
  const isShown = (n: number) => waves <= 8 || n <= 4 || n === waves || Number.isInteger(Math.log2(n));
  const full = Array.from({ length: waves }, (_, i) => i + 1)
    .filter(isShown)
    .map((n) => ({ point: at(snn.wordSteps[n - 1]), words: String(n) }));
  return [...parts, ...full];
}

const BAR_COLUMNS = 24;

function accuracyTable(result: EvaluationResult | SavedEvaluation, { bold, dim }: Paint): string[] {
  const withTop5 = result.classes > 10;
  const { ann } = result;
  const cells = (t: string, words: string, top1: string, difference: string, top5: string) =>
    `  ${t.padStart(6)}${words.padStart(8)}${top1.padStart(11)}${ann === null ? '' : difference.padStart(9)}${withTop5 ? top5.padStart(11) : ''}`;
  const rows = tableRows(result).map(({ point, words }) => {
    const { t, top1, top5 } = point;
    const line = cells(String(t), words, percent(top1), ann === null ? '' : points(top1 - ann.top1), percent(top5));
    return `${t >= result.snn.firstOutput ? bold(line) : line}  ${dim(bar(top1, BAR_COLUMNS))}`.trimEnd();
  });
  return [dim(`${cells('step T', 'words', 'SNN top-1', 'to ANN', 'top-5')}`), ...rows];
}
