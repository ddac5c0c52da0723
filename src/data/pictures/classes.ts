import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSetError } from '../../errors.ts';
import { fileSize, MAX_TEXT_BYTES, orDataSetError, systemCode } from '../read-file.ts';

/** The file that numbers the classes of a folder, in it or beside it. */
export const CLASSES_FILE = 'classes.txt';

const REMEDY = 'write one class a line in the order of the network: the name of its folder, then whatever it is called';

/** The numbering of classes. */
export interface Classes {
  /** What each class is called, in the order of their numbers. */
  readonly names: readonly string[];
  /** Number of a class, by its folder or label; undefined where it is none. */
  readonly numberOf: (key: string) => number | undefined;
  /** Whether nothing but the names' order says which number is whose. */
  readonly sorted: boolean;
}

/**
 * The classes that a file numbers: line n is class n, up to its first tab, comma or blank the key (a folder's name), the rest what it
 * is called. A line that is a key as a whole, blanks and all, is one.
 * @param keys those that occur; all must be in the file
 * @throws DataSetError by line
 */
export async function readClasses(path: string, keys: ReadonlySet<string>): Promise<Classes> {
  await fileSize(path, REMEDY, MAX_TEXT_BYTES);
  const text = await orDataSetError(path, REMEDY, () => readFile(path, 'utf8'));
  const lines = text
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split(/\r?\n/);
  const numbers = new Map<string, number>();
  const names = lines.map((line, n) => {
    const { key, name } = parseLine(line, keys);
    const refuse = (what: string) => {
      throw new DataSetError('data-label', `${path}, line ${n + 1}`, what, REMEDY);
    };
    if (key === '') refuse('is blank');
    if (numbers.has(key)) refuse(`names "${key}" again, which is class ${numbers.get(key)}`);
    numbers.set(key, n);
    return name;
  });
  const missing = [...keys].find((key) => !numbers.has(key));
  if (missing !== undefined) throw new DataSetError('data-label', path, `has no line for "${missing}"`, REMEDY);
  return { names, numberOf: (key) => numbers.get(key), sorted: false };
}

function parseLine(line: string, keys: ReadonlySet<string>): { readonly key: string; readonly name: string } {
  const whole = line.trim();
  if (keys.has(whole)) return { key: whole, name: whole };
  const mark = whole.search(/[\t,]/);
  const key = whole.slice(0, Math.max(mark, 0)).trimEnd();
  if (mark >= 0 && keys.has(key)) return { key, name: whole.slice(mark + 1).trimStart() || key };
  const blank = whole.search(/\s/);
  const first = (blank < 0 ? whole : whole.slice(0, blank)).replace(/,$/, '');
  return { key: first, name: (blank < 0 ? '' : whole.slice(blank).trimStart()) || first };
}

/** Classes numbered by their sorted names, as torchvision's `ImageFolder` does. */
export function sortedClasses(keys: Iterable<string>): Classes {
  const names = [...keys].sort();
  const numbers = new Map(names.map((name, n) => [name, n]));
  return { names, numberOf: (key) => numbers.get(key), sorted: true };
}

/** The first of `classes.txt` in some folders that is there; null where none is. */
export async function findClassesFile(folders: readonly string[]): Promise<string | null> {
  for (const folder of folders) {
    const path = join(folder, CLASSES_FILE);
    try {
      await fileSize(path, REMEDY);
      return path;
    } catch (error) {
      if (systemCode((error as Error).cause) !== 'ENOENT') throw error;
    }
  }
  return null;
}
