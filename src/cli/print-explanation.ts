import { EFFECTS, type Effect } from '../evaluate/effects.ts';
import type { ErrorFigures, ExplainedLayer, Explanation } from '../evaluate/explain.ts';
import { listed, type PixelFigures } from '../evaluate/pixel-check.ts';
import type { Remedy } from '../evaluate/remedies.ts';
import { phaseText } from '../report/text.ts';
import { COLUMNS, clip, ending, field, type Paint, paint, percent, printable, whole, wrap } from './print.ts';
import { choiceLines, inputLines, noteLines } from './print-inputs.ts';

/** An explanation for people, at most 80 columns wide. Errors are in points: hundredths of what tells the logits apart. */
export function formatExplanation(found: Explanation, color: boolean): string {
  const style = paint(color);
  const put = (label: string, value: string) => field(label, value, style);
  const { ann, snn, error, waves } = found;
  const lines = [
    style.bold(clip(printable(`${found.model} on ${found.dataset}: ${whole(found.images)} images`), COLUMNS)),
    '',
    put('network', `K = ${phaseText(found.phaseBits)} spikes a word, ${waves} ${waves === 1 ? 'wave' : 'waves'}`),
    ...choiceLines(found.phaseChoice, style),
    ...inputLines(found, style),
    put('seen', pixelsText(found.pixels)),
    put('accuracy', `ANN ${percent(ann.top1)}, SNN ${percent(snn.top1)}; ${percent(snn.agreement)} get the ANN's class`),
    put('logits', `error of ${error.words.map((e, n) => `${points(e)} (word ${n + 1})`).join(', ')} points`),
    '',
    ...errorTable(error, style),
    '',
    ...layerTable(found.layers, style),
    '',
    ...remedyTable(found.remedies, style),
    ...noteLines(found, style),
  ];
  return `${lines.join('\n')}\n`;
}

const points = (error: number): string => (100 * error).toFixed(2);

function pixelsText({ seenMean, seenStd, accuracy, others }: PixelFigures): string {
  const better = others.filter((one) => one.accuracy > accuracy).length;
  const tried =
    others.length === 0 ? '' : `; ${others.length} other means and stds tried, ${better === 0 ? 'none' : better} better`;
  return `pixels of mean ${listed(seenMean)}, std ${listed(seenStd)} once normalised (in training mostly about 0 and 1)${tried}`;
}

const WHAT: Readonly<Record<Effect, string>> = {
  clipping: 'activations beyond the largest word',
  rounding: 'activations between two words',
  weights: 'weights and biases on the integer grid',
};

function errorTable({ effects, together, timing, uncorrected, words }: ErrorFigures, { dim }: Paint): string[] {
  const row = (name: string, what: string, alone: string, without: string) =>
    `  ${name.padEnd(12)}${what.padEnd(42)}${alone.padStart(8)}${without.padStart(12)}`.trimEnd();
  return [
    dim(row('word 1', 'logit error in points', 'alone', 'without it')),
    ...EFFECTS.map((effect) => row(effect, WHAT[effect], points(effects[effect].alone), points(effects[effect].without))),
    row('timing', 'spikes of what is not yet there', points(timing), points(together)),
    ...(uncorrected === null ? [] : [row('biases', 'as they were before their correction', '', points(uncorrected))]),
    row('all', '', points(words[0]), ''),
  ];
}

/** Layers shown: the others have a tenth of the error or less between them, in most networks. */
const SHOWN = 12;
const NAME_COLUMNS = 26;

function layerTable(layers: readonly ExplainedLayer[], { dim }: Paint): string[] {
  const row = (name: string, cells: readonly string[]) =>
    `  ${ending(name, NAME_COLUMNS).padEnd(NAME_COLUMNS)}${cells.map((cell, i) => cell.padStart(LAYER_COLUMNS[i])).join('')}`.trimEnd();
  const share = (value: number | null) => (value === null ? '' : `${(100 * value).toFixed(1)}%`);
  const rest = layers.slice(SHOWN).reduce((sum, layer) => sum + layer.share, 0);
  return [
    dim(row('layer, the worst first', ['share', ...EFFECTS, 'SIN', 'full'])),
    ...layers
      .slice(0, SHOWN)
      .map((layer) =>
        row(layer.name, [
          share(layer.share),
          ...EFFECTS.map((effect) => points(layer[effect])),
          share(layer.sin),
          share(layer.saturated),
        ]),
      ),
    ...(layers.length > SHOWN ? [row(`${layers.length - SHOWN} more (in the JSON)`, [share(rest)])] : []),
    '',
    dim('  an effect in one layer alone: points of logit error; share: of their squares'),
  ];
}

const LAYER_COLUMNS = [7, 10, 10, 9, 8, 8];

function remedyTable(remedies: readonly Remedy[], { dim }: Paint): string[] {
  const row = (option: string, cells: readonly string[]) =>
    `  ${clip(option, 30).padEnd(30)}${cells.map((cell, i) => cell.padStart(REMEDY_COLUMNS[i])).join('')}`.trimEnd();
  const better = remedies.filter(({ gain }) => gain > 0);
  const others = remedies.filter(({ gain }) => gain <= 0).map(({ option }) => option);
  return [
    dim(row('what to try, measured', ['error', 'less by', 'ANN’s class', 'step T'])),
    ...better.map(({ option, error, gain, agreement, timesteps }) =>
      row(option, [points(error), points(gain), percent(agreement), whole(timesteps)]),
    ),
    ...(others.length > 0 ? [`  ${wrap(`tried and no better: ${others.join(', ')}`, 2)}`] : []),
  ];
}

const REMEDY_COLUMNS = [10, 10, 14, 10];
