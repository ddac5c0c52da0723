import { printable } from '../errors.ts';

export { printable } from '../errors.ts';
export { whole } from '../report/text.ts';

/** What is printed for people fits a terminal of this many columns. */
export const COLUMNS = 80;

const LABEL_COLUMNS = 12;

/** How text stands out, where it may. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

/** Bold and grey by ANSI codes; plain text where there is no colour. */
export const paint = (color: boolean): Paint => ({
  bold: (text) => (color ? `\x1b[1m${text}\x1b[22m` : text),
  dim: (text) => (color ? `\x1b[2m${text}\x1b[22m` : text),
});

/** A label and its value, which is broken between words and goes on below itself. */
export const field = (label: string, value: string, { dim }: Paint): string =>
  `  ${dim(label.padEnd(LABEL_COLUMNS))}${wrap(value, LABEL_COLUMNS + 2)}`;

/** Breaks text between words, for lines that begin after `indent` columns; a word too long for a line is cut. */
export function wrap(text: string, indent: number): string {
  const width = COLUMNS - indent;
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1];
    if (line === '') lines[lines.length - 1] = clip(word, width);
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(clip(word, width));
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** The same of a text of several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** The text, cut with an ellipsis where it is longer than `columns`. */
export const clip = (text: string, columns: number): string => (text.length <= columns ? text : `${text.slice(0, columns - 1)}…`);

/** The end of a name, where it is longer than `columns`: what tells layers of one network apart. */
export function ending(name: string, columns: number): string {
  const shown = printable(name);
  return shown.length <= columns ? shown : `…${shown.slice(1 - columns)}`;
}

/** 0.9876 as "98.76 %". */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;

/** The difference of two fractions in percentage points, with its sign: "-0.40", "0.00". */
export function points(difference: number): string {
  const text = (100 * difference).toFixed(2);
  if (Number(text) === 0) return '0.00';
  return difference > 0 ? `+${text}` : text;
}

/** A share and its standard error in percentage points: "0.31 ± 0.12". */
export const estimated = ({ value, standardError }: { readonly value: number; readonly standardError: number | null }): string =>
  `${(100 * value).toFixed(2)} ± ${standardErrorText(standardError)}`;

/** A standard error of shares, in points; of one image nobody knows it. */
export const standardErrorText = (error: number | null): string => (error === null ? '∞' : (100 * error).toFixed(2));

const PREFIXES = [
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const;

/** Three digits and a decimal prefix: 1234567 as "1.23 M". */
export function scaled(value: number): string {
  const [prefix, unit] = PREFIXES.find(([, size]) => value >= size) ?? ['', 1];
  return `${Number((value / unit).toPrecision(3))} ${prefix}`.trimEnd();
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of up to `columns` columns for a fraction, to an eighth of a column. */
export function bar(fraction: number, columns: number): string {
  const eighths = Math.round(fraction * columns * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}
