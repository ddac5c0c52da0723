import { kindOf, type SavedArray } from './arrays.ts';
import { depthOf } from './depth.ts';
import type { Refuse } from './refuse.ts';

/**
 * Plain data as JSON and arrays: each typed array becomes `{"$tensor": path}`, and each number that JSON does not have (NaN,
 * Infinity, −Infinity, −0) `{"$number": text}`. A path is the keys to the array, joined by dots: "layers.3.terms.0.operator.weights".
 * Nothing here knows what a network is, so that the form follows it.
 */

const TENSOR = '$tensor';
const NUMBER = '$number';
const NUMBERS: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity, '-0': -0 };

/** Brackets within brackets that a text may have; a network has 8. */
const MAX_DEPTH = 32;

/** Plain data in two parts. */
export interface Parts {
  readonly text: string;
  readonly arrays: ReadonlyMap<string, SavedArray>;
}

/** Takes plain data apart. Refuses what is no plain data, by its path. */
export function takeApart(value: unknown, refuse: Refuse): Parts {
  const arrays = new Map<string, SavedArray>();
  const json = withoutArrays(value, [], arrays, refuse);
  return { text: JSON.stringify(json), arrays };
}

function withoutArrays(value: unknown, path: readonly string[], arrays: Map<string, SavedArray>, refuse: Refuse): unknown {
  const no = (what: string): never => refuse('network-value', `${path.join('.') || 'the network'} ${what}`, 'give plain data');
  if (path.length > MAX_DEPTH) no('is too deep, or a circle');
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : { [NUMBER]: numberText(value) };
  if (ArrayBuffer.isView(value)) {
    const name = path.join('.');
    if (kindOf(value) === null) no(`is of a kind that is not saved (${value.constructor.name})`);
    if (arrays.has(name)) no('is the name of two arrays');
    arrays.set(name, value as SavedArray);
    return { [TENSOR]: name };
  }
  if (Array.isArray(value)) return value.map((one, i) => withoutArrays(one, [...path, String(i)], arrays, refuse));
  if (!isPlain(value)) return no(`is a ${typeof value}, or an object of a class`);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  for (const [key] of entries) if (isReserved(key)) no(`has the key ${JSON.stringify(key)}`);
  return Object.fromEntries(entries.map(([key, one]) => [key, withoutArrays(one, [...path, key], arrays, refuse)]));
}

const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** Keys that are not data's own: marks of this form, what is beside the arrays in the header, and what could be taken for a prototype. */
const isReserved = (key: string): boolean => [TENSOR, NUMBER, '__metadata__', '__proto__'].includes(key);

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Puts data together again. Refuses a text that is not of this form, and arrays that it does not name or names elsewhere. */
export function putTogether({ text, arrays }: Parts, refuse: Refuse): unknown {
  const left = new Map(arrays);
  const value = withArrays(parseJson(text, 'its text', refuse), [], left, refuse);
  for (const name of left.keys()) refuse('network-text', `the array ${JSON.stringify(name)} is named nowhere`);
  return value;
}

function withArrays(value: unknown, path: readonly string[], left: Map<string, SavedArray>, refuse: Refuse): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one, i) => withArrays(one, [...path, String(i)], left, refuse));
  const entries = Object.entries(value);
  const marked = entries.find(([key]) => isReserved(key));
  if (!marked) return Object.fromEntries(entries.map(([key, one]) => [key, withArrays(one, [...path, key], left, refuse)]));
  const [mark, what] = marked;
  const name = path.join('.');
  if (entries.length === 1 && mark === NUMBER && typeof what === 'string' && Object.hasOwn(NUMBERS, what)) return NUMBERS[what];
  const array = entries.length === 1 && mark === TENSOR && what === name ? left.get(name) : undefined;
  if (!array) return refuse('network-text', `${name || 'the network'} has ${JSON.stringify(mark)}, which stands for nothing there`);
  left.delete(name);
  return array;
}

/** The value of a JSON text, if it is not so deep that reading it is a danger. */
export function parseJson(text: string, whose: string, refuse: Refuse): unknown {
  if (depthOf(text, MAX_DEPTH) > MAX_DEPTH) refuse('network-text', `${whose} has more than ${MAX_DEPTH} brackets within brackets`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    return refuse('network-text', `${whose} is not JSON (${(cause as Error).message})`, undefined, cause);
  }
}
