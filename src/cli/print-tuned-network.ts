import { phaseBitsOfWay, type TunedNetwork } from '../evaluate/tuned-network.ts';
import { wayText } from '../report/text.ts';
import { COLUMNS, clip, estimated, field, paint, percent, printable, whole } from './print.ts';
import { noteLines, sweptInputLines } from './print-inputs.ts';

/**
 * What a search found, for people: each step that it took, the check, and the command that runs the best. All but that command is at most
 * 80 columns wide.
 * @param given what the command line called model and images
 */
export function formatTunedNetwork(
  found: TunedNetwork,
  given: { readonly model: string; readonly dataset: string },
  color: boolean,
): string {
  const style = paint(color);
  const { model, dataset, tried, best, allowed, triedImages, device, seconds } = found;
  const put = (label: string, value: string) => field(label, value, style);
  const taken = tried.filter((trial) => trial.taken);
  const lines = [
    style.bold(clip(printable(`${model}: fewest steps on ${dataset}`), COLUMNS)),
    '',
    put('device', `${device.adapter}${device.software ? ' (software)' : ''}`),
    ...sweptInputLines(found, style),
    put(
      'estimates',
      `on ${whole(triedImages)} of these images, no labels; ${Number((100 * allowed).toFixed(2))} points may be lost`,
    ),
    '',
    style.dim(format(['K', 'words', 'step T', 'loss', 'scale'])),
    ...taken.map(({ word, t, loss, ...way }) =>
      format([phases(phaseBitsOfWay(way)), String(word), String(t), estimated(loss), wayText(way)]),
    ),
    '',
    put('tried', `${whole(tried.length)} conversions, of which these were the best so far`),
    ...(best.met ? [] : [put('', 'none is estimated to lose as little; the last one loses least')]),
    put('checked', checkText(found)),
    put('time', `${seconds.toFixed(1)} s`),
    ...noteLines(found, style),
    put('to run it', 'with other options as they were here:'),
    '',
    `  ${commandOf(found, given)}`,
  ];
  return `${lines.join('\n')}\n`;
}

const WIDTHS = [28, 7, 8, 14];

const format = ([K, words, t, loss, way]: readonly string[]): string =>
  `  ${clip(K, WIDTHS[0]).padEnd(WIDTHS[0])}${words.padStart(WIDTHS[1])}${t.padStart(WIDTHS[2])}${loss.padStart(WIDTHS[3])}  ${clip(way, 19)}`.trimEnd();

/** "4", or K by depth as digits: "4433344". */
const phases = (phaseBits: number | readonly number[]): string =>
  typeof phaseBits === 'number' ? String(phaseBits) : phaseBits.join('');

function checkText({ check, best }: TunedNetwork): string {
  if (check === null) return 'not: the images have no labels';
  const { images, annTop1, top1, loss } = check;
  return `${percent(top1)} at T = ${best.t} on ${whole(images)} images (ANN ${percent(annTop1)}): loses ${estimated(loss)} points`;
}

/** The command that evaluates the best. */
function commandOf({ best }: TunedNetwork, { model, dataset }: { readonly model: string; readonly dataset: string }): string {
  const { scale, percentile, perChannel, correctBias, word } = best;
  const K = phaseBitsOfWay(best);
  return [
    ...['bsnn eval', model, '--dataset', dataset, '--phase-bits', typeof K === 'number' ? String(K) : K.join(',')],
    ...['--waves', String(word), '--scale', scale === 'percentile' ? `percentile:${percentile}` : scale],
    ...(perChannel ? [] : ['--no-per-channel']),
    ...(correctBias ? [] : ['--no-correct-bias']),
  ].join(' ');
}
