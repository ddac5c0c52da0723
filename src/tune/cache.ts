import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { type Check, checkArgument, FUNCTION, object, TEXT } from '../checks.ts';
import { systemCode } from '../data/read-file.ts';
import { removeLeftovers, temporaryName } from '../data/temporary.ts';
import { OptionError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/device.ts';
import { CHOICES, type Choices, isChoice } from '../plan/choices.ts';

/** Choices by adapter (`adapterKey`) and, within, by layer shape: the cache of tuning. */
export type Tuning = { readonly [adapter: string]: Choices };

/** Environment variable that names the folder of the cache. */
export const CACHE_VARIABLE = 'BSNN_CACHE_DIR';
/** Raised where kernels change so much that what was measured says nothing of them any more. */
const VERSION = 4;
/** Longest cache that is read, bytes: a shape takes 150. */
const MAX_TUNING_BYTES = 2 ** 24;
/** Longest name of an adapter or shape. */
const MAX_NAME = 4096;

type Warn = (line: string) => void;
type Environment = Readonly<Record<string, string | undefined>>;

/** Path of the cache: in BSNN_CACHE_DIR, else in the user's cache folder of the platform; null for a user who has none. */
export function tuningFile(env: Environment = process.env, platform: string = process.platform, home = homeOf): string | null {
  const own = env[CACHE_VARIABLE];
  if (own) return join(own, 'tuning.json');
  // relative ones are to be ignored (XDG Base Directory Specification)
  const given = platform === 'win32' ? env.LOCALAPPDATA : env.XDG_CACHE_HOME;
  if (given && isAbsolute(given)) return join(given, 'bsnn-webgpu', 'tuning.json');
  const folder = home();
  if (folder === null) return null;
  const cache = platform === 'win32' ? join(folder, 'AppData', 'Local') : join(folder, '.cache');
  return join(cache, 'bsnn-webgpu', 'tuning.json');
}

/** The user's folder; null where neither the environment nor the system names one. */
function homeOf(): string | null {
  try {
    const folder = homedir();
    return isAbsolute(folder) ? folder : null;
  } catch {
    return null;
  }
}

/** What the choices of an adapter are kept under: another driver may want others. */
export const adapterKey = ({ adapter, driver }: AdapterDescription): string => `${adapter} | ${driver}`;

/** An adapter that a caller hands in. */
const ADAPTER: Check = object('a description of an adapter, as a device has it', ({ adapter, driver }) =>
  [adapter, driver].every((text) => typeof text === 'string'),
);

/** Checks whose tuning is meant, and where it is kept. @throws OptionError */
function checkPlace(adapter: AdapterDescription, warn: Warn, path: string | null): void {
  checkArgument('adapter', adapter, ADAPTER);
  checkArgument('warn', warn, FUNCTION);
  if (path !== null) checkArgument('path', path, TEXT);
}

/** The choices kept for an adapter; empty where there are none. What is damaged is left out, with a warning. @throws OptionError for arguments alone */
export async function readTuning(adapter: AdapterDescription, warn: Warn = console.warn, path = tuningFile()): Promise<Choices> {
  checkPlace(adapter, warn, path);
  const tuning = await readAllTuning(warn, path);
  const key = adapterKey(adapter);
  return Object.hasOwn(tuning, key) ? tuning[key] : {};
}

/** The whole cache. Never throws. */
export async function readAllTuning(warn: Warn = console.warn, path = tuningFile()): Promise<Tuning> {
  if (path === null) return {};
  const ignore = (what: string): Tuning => {
    warn(`tuning cache ${path}: ${what}; ignored`);
    return {};
  };
  try {
    const found = await stat(path);
    if (!found.isFile()) return ignore('is not a file');
    if (found.size > MAX_TUNING_BYTES) return ignore(`has ${found.size} bytes, too many for a cache`);
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!isRecord(value) || value.version !== VERSION || !isRecord(value.adapters))
      return ignore(`is not a cache of version ${VERSION}`);
    const { tuning, dropped } = validate(value.adapters);
    const surplus = Object.keys(value).length - 2;
    if (dropped + surplus > 0) ignore(`${dropped + surplus} entries are not as expected`);
    return tuning;
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    return ignore(cause instanceof SyntaxError ? 'is not JSON' : `cannot be read (${code ?? cause})`);
  }
}

/** What is well-formed, and how many entries are not. */
function validate(adapters: Readonly<Record<string, unknown>>): { tuning: Tuning; dropped: number } {
  let dropped = 0;
  const keep = <T>(entries: Readonly<Record<string, unknown>>, take: (value: unknown) => T | null): Record<string, T> => {
    const kept: [string, T][] = [];
    for (const [name, value] of Object.entries(entries)) {
      const taken = isName(name) ? take(value) : null;
      if (taken === null) dropped++;
      else kept.push([name, taken]);
    }
    // defines its properties, so that no name reaches a prototype
    return Object.fromEntries(kept);
  };
  const choice = (value: unknown) => (isChoice(value) ? value : null);
  const tuning = keep(adapters, (shapes) => (isRecord(shapes) ? keep(shapes, choice) : null));
  return { tuning, dropped };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names are printed: no control characters, which could move a terminal's cursor. */
const isName = (name: string): boolean => name.length <= MAX_NAME && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name);

/**
 * Adds choices to the cache; those of the same shapes are replaced, others stay. The file is replaced whole, so that a reader
 * never sees half of it; of two writers at once one may lose what the other added.
 * @returns the path
 * @throws OptionError where the file cannot be written, or there is no place for it
 */
export async function writeTuning(
  adapter: AdapterDescription,
  choices: Choices,
  warn: Warn = console.warn,
  path = tuningFile(),
): Promise<string> {
  checkPlace(adapter, warn, path);
  checkArgument('choices', choices, CHOICES);
  if (path === null) {
    const what = 'has no place: there is no home folder';
    throw new OptionError('tuning-file', 'tuning cache', what, `name a folder for it (${CACHE_VARIABLE})`);
  }
  const tuning = await readAllTuning(warn, path);
  const key = adapterKey(adapter);
  const own = Object.hasOwn(tuning, key) ? tuning[key] : {};
  const adapters = { ...tuning, [key]: { ...own, ...choices } };
  const beside = join(dirname(path), temporaryName());
  try {
    await mkdir(dirname(path), { recursive: true });
    removeLeftovers(dirname(path));
    try {
      await writeFile(beside, `${JSON.stringify({ version: VERSION, adapters }, null, 2)}\n`);
      await rename(beside, path);
    } finally {
      await rm(beside, { force: true });
    }
  } catch (cause) {
    const what = `cannot be written (${systemCode(cause) ?? cause})`;
    throw new OptionError('tuning-file', `tuning cache ${path}`, what, `name another folder (${CACHE_VARIABLE})`, { cause });
  }
  return path;
}
