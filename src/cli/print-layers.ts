import type { EvaluationResult, LayerFigures, SavedEvaluation } from '../evaluate/result.ts';
import { ending, field, type Paint, paint, scaled, whole } from './print.ts';

/** The layers of an evaluation as a table, and what they add up to; at most 80 columns wide. */
export function formatLayers(
  { layers, diagnosis }: Pick<EvaluationResult | SavedEvaluation, 'layers' | 'diagnosis'>,
  color: boolean,
): string {
  const style = paint(color);
  const firing = layers.slice(0, -1);
  const lines = [
    '',
    style.dim(row('layer', ['neurons', 'spikes', 'SIN', 'silent', 'full', 'error', 'corr.'])),
    ...firing.map(line),
  ];
  if (diagnosis) lines.push('', ...summary(diagnosis, style));
  return `${lines.join('\n')}\n`;
}

const NAME_COLUMNS = 22;
const COLUMNS_OF_FIGURES = [10, 8, 8, 8, 7, 8, 7];

const row = (name: string, figures: readonly string[]): string =>
  `  ${ending(name, NAME_COLUMNS).padEnd(NAME_COLUMNS)}${figures.map((text, i) => text.padStart(COLUMNS_OF_FIGURES[i])).join('')}`.trimEnd();

function line({ name, neurons, spikesPerImage, sin, silent, saturated, meanAbsoluteError, correlation }: LayerFigures): string {
  const share = (v: number | undefined) => (v === undefined ? '' : `${(100 * v).toFixed(2)}%`);
  return row(name, [
    whole(neurons),
    (spikesPerImage / neurons).toFixed(2),
    share(sin),
    share(silent),
    share(saturated),
    meanAbsoluteError?.toFixed(4) ?? '',
    correlation?.toFixed(3) ?? '',
  ]);
}

/** What the columns are, over how many images, and the network's energy. */
function summary({ images, sin, energy }: NonNullable<EvaluationResult['diagnosis']>, style: Paint): string[] {
  const put = (label: string, value: string) => field(label, value, style);
  const micro = (nanojoules: number) => `${(nanojoules / 1000).toPrecision(3)} µJ`;
  return [
    put('SIN', `${(100 * sin).toFixed(2)} % of the neurons spike where the ANN's activation is 0`),
    put(
      'columns',
      `means over ${whole(images)} images; spikes: a neuron; full: fires in every phase; error: distance to the activation, of λ`,
    ),
    put('operations', `${scaled(energy.synapticOperations)} synaptic an image; ANN ${scaled(energy.annMacs)} multiply-adds`),
    put('energy', `${micro(energy.snnNanojoules)} an image, ANN ${micro(energy.annNanojoules)} (arithmetic alone, 45 nm)`),
  ];
}
