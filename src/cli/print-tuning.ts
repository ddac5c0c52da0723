import { type Choice, isSameChoice } from '../plan/choices.ts';
import type { Tuning } from '../tune/cache.ts';
import type { ShapeTiming } from '../tune/tune.ts';
import { COLUMNS, clip, paint, wrap } from './print.ts';

/** A choice in 18 columns at most; tiled forms take their weights one way alone. */
export function choiceName({ form, arithmetic, weights }: Choice): string {
  if (form === 'matrix') return 'matrix';
  if (form === 'depthwise') return `depthwise ${weights}`;
  if (form === 'tiled') return `tiled ${arithmetic}`;
  return form === 'registers' ? `${arithmetic} ${weights}` : `${form} ${arithmetic} ${weights}`;
}

const CHOICE_COLUMNS = 18;
const NUMBER_COLUMNS = 9;
const SHAPE_COLUMNS = COLUMNS - 4 - CHOICE_COLUMNS - 3 * NUMBER_COLUMNS;

/** Three digits or so: 123, 12.3, 1.23, 0.0123. */
const milliseconds = (ms: number): string => ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : ms >= 0.1 ? 2 : 4);

/** A row whose first cell goes on below itself where it is long. */
function row(shape: string, choice: string, numbers: readonly string[]): string {
  const [first, ...more] = wrap(shape, COLUMNS - SHAPE_COLUMNS)
    .split('\n')
    .map((line) => line.trim());
  const cells = numbers.map((text) => text.padStart(NUMBER_COLUMNS)).join('');
  const line = `  ${first.padEnd(SHAPE_COLUMNS)}  ${choice.padEnd(CHOICE_COLUMNS)}${cells}`.trimEnd();
  return [line, ...more.map((text) => `    ${text}`)].join('\n');
}

/** What was measured, a row a layer shape, at most 80 columns wide. */
export function formatTimings(title: string, timings: readonly ShapeTiming[], color: boolean): string {
  const { bold, dim } = paint(color);
  const best = timings.map(({ candidates }) => candidates[0]);
  const untuned = timings.map(({ candidates, untuned: choice }) =>
    candidates.find((candidate) => isSameChoice(candidate.choice, choice)),
  );
  const sum = (all: readonly ({ readonly ms: number } | undefined)[]) => all.reduce((total, one) => total + (one?.ms ?? 0), 0);
  const total = sum(best);
  const rows = timings.map(({ shape, layers }, i) => {
    const numbers = [milliseconds(best[i].ms), `${((100 * best[i].ms) / total).toFixed(1)} %`, milliseconds(untuned[i]?.ms ?? 0)];
    return row(layers > 1 ? `${layers} × ${shape}` : shape, choiceName(best[i].choice), numbers);
  });
  const lines = [
    bold(clip(title, COLUMNS)),
    '',
    dim(row('shape', 'fastest', ['ms', 'share', 'untuned'])),
    ...rows,
    bold(row('all', '', [milliseconds(total), '', milliseconds(sum(untuned))])),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * What the cache has, at most 80 columns wide.
 * @param key the adapter that was asked for; null for all
 */
export function formatTuning(path: string, tuning: Tuning, key: string | null, color: boolean): string {
  const { bold } = paint(color);
  const adapters = Object.entries(tuning).flatMap(([adapter, choices]) => [
    '',
    bold(clip(adapter, COLUMNS)),
    ...Object.entries(choices).map(([shape, choice]) => row(shape, choiceName(choice), [])),
  ]);
  const nothing = `nothing${key === null ? '' : ` for ${key}`}: tune with bsnn tune-kernels MODEL.onnx`;
  return `${[path, ...(adapters.length > 0 ? adapters : ['', wrap(nothing, 0)])].join('\n')}\n`;
}
