import { type OptionCode, OptionError } from './errors.ts';

/** What a value that a caller hands in must be. Types say so to TypeScript alone. */
export interface Check {
  /** Ends the sentence "… is not". */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** The texts that are accepted, where they can be listed: the nearest is named. */
  readonly texts?: readonly string[];
  /** What to do, where there is more to say than "correct it". */
  readonly remedy?: string;
  /** Has no default. */
  readonly required?: boolean;
}

/** A check for every option of an interface: what it does not name does not compile, nor what is no code of an error. */
export type Checks<T> = { readonly [N in keyof T]-?: N extends OptionCode ? Check : never };

/** "an integer from 1 to 8", without the upper end where there is none to speak of. */
export const describeRange = ([min, max]: readonly [number, number]): string =>
  max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;

/** An integer, both ends of its range included. */
export const integer = (min: number, max: number = Number.MAX_SAFE_INTEGER): Check => ({
  expected: describeRange([min, max]),
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
});

/** A finite number within a range that is put in words. */
export const number = (expected: string, accepts: (value: number) => boolean, remedy?: string): Check => ({
  expected,
  accepts: (value) => typeof value === 'number' && Number.isFinite(value) && accepts(value),
  ...(remedy !== undefined && { remedy }),
});

/** One of some texts. */
export const oneOf = (...texts: readonly string[]): Check => ({
  expected: texts.length === 1 ? `"${texts[0]}"` : `one of ${texts.join(', ')}`,
  accepts: (value) => texts.includes(value as string),
  texts,
});

/** Any of some kinds of values. */
export const anyOf = (...checks: readonly Check[]): Check => ({
  expected: checks.map(({ expected }) => expected).join(', or '),
  accepts: (value) => checks.some(({ accepts }) => accepts(value)),
  texts: checks.flatMap(({ texts = [] }) => texts),
});

/** A list whose entries are all accepted. @param least entries that it has */
export const listOf = ({ expected, accepts, texts, remedy }: Check, least: 0 | 1 = 1): Check => ({
  expected: `a list${least > 0 ? ' of at least one' : ''}, each ${expected}`,
  // every() passes over what an array has no entry for
  accepts: (value) => Array.isArray(value) && value.length >= least && Array.from<unknown>(value).every(accepts),
  ...(texts && { texts }),
  ...(remedy !== undefined && { remedy }),
});

export const BOOLEAN: Check = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };
export const FUNCTION: Check = { expected: 'a function', accepts: (value) => typeof value === 'function' };
export const TEXT: Check = { expected: 'a text', accepts: (value) => typeof value === 'string' && value !== '' };
export const BYTES: Check = { expected: 'a Uint8Array', accepts: (value) => value instanceof Uint8Array };

/** Whether a value has properties to ask for, and is no list. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object of a kind that is put in words. */
export const object = (expected: string, accepts: (value: Readonly<Record<string, unknown>>) => boolean = () => true): Check => ({
  expected,
  accepts: (value) => isObject(value) && accepts(value),
});

/** The same, and it must be given. */
export const required = (check: Check): Check => ({ ...check, required: true });

/** All but some of a table's checks. */
export const without = <T extends object, N extends keyof T>(checks: T, ...names: readonly N[]): Omit<T, N> =>
  Object.fromEntries(Object.entries(checks).filter(([name]) => !names.includes(name as N))) as Omit<T, N>;

/** Some of a table's checks. */
export const only = <T extends object, N extends keyof T>(checks: T, ...names: readonly N[]): Pick<T, N> =>
  Object.fromEntries(names.map((name) => [name, checks[name]])) as Pick<T, N>;

/** The entries of an object that are options of a table, unchecked: for calls from within. */
export const optionsOf = <T extends object>(checks: Checks<T>, given: T): T =>
  Object.fromEntries(Object.keys(checks).flatMap((name) => (name in given ? [[name, given[name as keyof T]]] : []))) as T;

/**
 * What a caller gives as options, checked: each is known and of its kind. Those that are undefined are left out, so that their default
 * holds.
 * @throws OptionError that names the option, and what comes nearest
 */
export function checkOptions<T extends object>(given: T | undefined, checks: Checks<T>): T {
  const options = given ?? {};
  if (given === null || !isObject(options)) throw wrong('argument', 'options', given, object('an object'), false);
  const table = checks as Readonly<Record<string, Check>>;
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(table, name) && options[name] !== undefined);
  if (unknown !== undefined) throw unknownOption(unknown, Object.keys(table));
  const taken: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(table)) {
    const value = options[name];
    if (value === undefined && !check.required) continue;
    if (!check.accepts(value)) throw wrong(name as OptionCode, name, value, check, !check.required);
    taken[name] = value;
  }
  return taken as T;
}

/** Checks an argument of an exported function by its place's name. @throws OptionError `argument` */
export function checkArgument(name: string, value: unknown, check: Check): void {
  if (!check.accepts(value)) throw wrong('argument', name, value, check, false);
}

/** The same of one that may be left out. @throws OptionError `argument` */
export function checkOptional(name: string, value: unknown, check: Check): void {
  if (value !== undefined && !check.accepts(value)) throw wrong('argument', name, value, check, true);
}

function wrong(code: OptionCode, name: string, value: unknown, check: Check, optional: boolean): OptionError {
  const what = value === undefined ? `is missing, and must be ${check.expected}` : `${shown(value)} is not ${check.expected}`;
  const near = nearest(value, check.texts ?? []);
  const correct = optional ? 'correct it, or leave it out' : 'give one';
  return new OptionError(code, name, what, near === null ? (check.remedy ?? correct) : `did you mean "${near}"?`);
}

function unknownOption(name: string, known: readonly string[]): OptionError {
  const near = nearest(name, known);
  const remedy = near === null ? `the options here are ${known.join(', ')}` : `did you mean "${near}"?`;
  return new OptionError('unknown-option', `option "${name}"`, 'is not known here', remedy);
}

/** A value in an error's sentence. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  if (Array.isArray(value)) return `[${Array.from<unknown>(value).map(shown).join(', ')}]`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** The text that comes nearest to a value's, or to that of one of its entries; null where none is near. */
function nearest(value: unknown, texts: readonly string[]): string | null {
  const known = new Set(texts);
  const text = Array.isArray(value) ? value.find((one) => !known.has(one)) : value;
  if (typeof text !== 'string' || text.length > LONGEST) return null;
  let best: { readonly text: string; readonly edits: number } | null = null;
  for (const one of texts) {
    const edits = editsBetween(text.toLowerCase(), one.toLowerCase());
    if (edits <= Math.max(text.length, one.length) * NEAR && edits < (best?.edits ?? Infinity)) best = { text: one, edits };
  }
  return best?.text ?? null;
}

/** Longer texts are not compared. */
const LONGEST = 64;
/** Share of the letters that may differ. */
const NEAR = 0.4;

/** Letters put in, left out, replaced or swapped with their neighbour to make one text of another (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2][j - 2] + 1 : Infinity;
      row.push(Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
