import { InvalidArgumentError, Option } from 'commander';
import { describeRange } from '../checks.ts';
import { parseScale, type ScaleText } from '../convert/scale.ts';
import { DEFAULTS, RANGES, SCALES } from '../evaluate/options.ts';
import { parseShard, type Shard } from '../evaluate/shard.ts';
import type { BatchSize } from '../plan/batch.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number in decimal notation and nothing else: no hexadecimal, no blanks, no "10x"; NaN for those. */
const toNumber = (text: string): number => (NUMBER.test(text) ? Number(text) : Number.NaN);

/** Reads an integer within a range. */
export const integer =
  (range: readonly [number, number]) =>
  (text: string): number => {
    const value = toNumber(text);
    if (Number.isSafeInteger(value) && value >= range[0] && value <= range[1]) return value;
    throw new InvalidArgumentError(`Expected ${describeRange(range)}.`);
  };

/** Reads K that may be chosen: "auto", or as `phaseBits` does. */
const phaseBitsOrAuto = (text: string): number | number[] | 'auto' => (text === 'auto' ? text : phaseBits(text));

/** Reads K: an integer, or several separated by commas, by depth. */
export function phaseBits(text: string): number | number[] {
  const values = text.split(',').map((part) => integer(RANGES.phaseBits)(part.trim()));
  return values.length === 1 ? values[0] : values;
}

const PHASE_BITS = 'spikes of a word, 1 to 8; k,k,… by depth, the input first';

/** The option `--phase-bits`. */
export const phaseBitsOption = (): Option =>
  new Option('--phase-bits <k>', PHASE_BITS).default(DEFAULTS.phaseBits).argParser(phaseBits);

/** The same where K may be chosen. */
export const autoPhaseBitsOption = (byDefault: 'auto' | number): Option =>
  new Option('--phase-bits <k>', `${PHASE_BITS}; auto: the least that loses no more than --loss`)
    .default(byDefault)
    .argParser(phaseBitsOrAuto);

/** Reads what accuracy may lose, in percentage points. */
function loss(text: string): number {
  const value = toNumber(text);
  if (value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError('Expected percentage points from 0 to 100.');
}

/** The option `--loss`. */
export const lossOption = (description: string): Option =>
  new Option('--loss <points>', description).default(DEFAULTS.loss).argParser(loss);

/** Reads a percentile: above 0, at most 100. */
export function percentile(text: string): number {
  const value = toNumber(text);
  if (value > 0 && value <= 100) return value;
  throw new InvalidArgumentError('Expected a number above 0 and at most 100.');
}

/** Reads how scales are chosen. */
export function scale(text: string): ScaleText {
  if (parseScale(text)) return text as ScaleText;
  throw new InvalidArgumentError(`Expected one of ${SCALES}.`);
}

/** Reads a side in pixels. */
export const side = integer([1, 2 ** 14]);

/** Reads what a picture's shorter side is brought to. */
export const resize = (text: string): number | 'none' => (text === 'none' ? text : side(text));

/** Reads several of something, separated by commas, each once. */
export const list =
  <T>(read: (text: string) => T) =>
  (text: string): T[] => [...new Set(text.split(',').map((part) => read(part.trim())))];

/** Reads one K. */
export const onePhaseBits = integer(RANGES.phaseBits);

/** Reads whether something is done: "on", "off", or "both" ways. */
export function bothWays(text: string): readonly boolean[] {
  const found = { off: [false], on: [true], both: [false, true] }[text];
  if (found) return found;
  throw new InvalidArgumentError('Expected on, off or both.');
}

/** Reads the channels of an image. */
export function channels(text: string): 1 | 3 {
  const value = toNumber(text);
  if (value === 1 || value === 3) return value;
  throw new InvalidArgumentError('Expected 1 or 3.');
}

/** Reads numbers separated by commas, all of which must be valid. */
export const numbers =
  (isValid: (value: number) => boolean, kind: string) =>
  (text: string): number[] => {
    const values = text.split(',').map((part) => toNumber(part.trim()));
    if (values.every(isValid)) return values;
    throw new InvalidArgumentError(`Expected ${kind}, separated by commas.`);
  };

/** Reads a part of several: "3/8". */
export function shard(text: string): Shard {
  const found = parseShard(text);
  if (found) return found;
  throw new InvalidArgumentError('Expected I/N, as 3/8, with I from 1 to N.');
}

/** Reads images at once: an integer, or "auto". */
const batch = (text: string): BatchSize => (text === 'auto' ? text : integer(RANGES.batch)(text));

/** The option `--batch`. @param when what is done with the images, where that is not plain */
export const batchOption = (when = ''): Option =>
  new Option('--batch <n>', `images at once${when}, at most; auto: as many as fill the device`)
    .default(DEFAULTS.batch)
    .argParser(batch);

/** An option whose value is an integer, with the range and default of `evaluate`. */
export function integerOption(flags: string, name: Exclude<keyof typeof RANGES, 'batch'>, description: string): Option {
  const option = new Option(flags, description).argParser(integer(RANGES[name]));
  return DEFAULTS[name] === Number.MAX_SAFE_INTEGER ? option : option.default(DEFAULTS[name]);
}
