import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'csv-parse';
import { BsnnError, DataSetError } from '../../errors.ts';
import { fileSize } from '../read-file.ts';
import { type Classes, readClasses, sortedClasses } from './classes.ts';
import type { Classified } from './open.ts';

const REMEDY = 'give csv:FILE with two columns, the path of a picture and its class, a number or a name';

/** Most characters of a row; a path has some thousands at most. */
const LONGEST_ROW = 2 ** 20;

interface Row {
  readonly path: string;
  readonly label: string;
}

/**
 * The pictures that a table lists: first column a path, from the table's folder on; second the class, its number or, where any is
 * none, its name. Separated by commas, semicolons or tabs; a first line whose class is "label", "class" or the like is a heading.
 * @param classesFile numbers the classes' names; else their sorted order does
 * @throws DataSetError by line
 */
export async function listCsv(file: string, classesFile?: string): Promise<Classified> {
  const rows = await readRows(file);
  if (rows.length === 0) throw new DataSetError('data-empty', file, 'lists no pictures', REMEDY);
  const numbered = rows.every(({ label }) => /^\d{1,9}$/.test(label));
  const keys = new Set(numbered ? [] : rows.map(({ label }) => label));
  const classes = classesFile ? await readClasses(classesFile, keys) : numbered ? null : sortedClasses(keys);
  const numberOf = (label: string): number => (numbered ? Number(label) : (classes?.numberOf(label) as number));
  const folder = dirname(file);
  return {
    files: rows.map(({ path, label }) => ({ path: resolve(folder, path), label: numberOf(label) })),
    classes: classes ?? numbers(rows),
  };
}

const HEADINGS = /^(label|labels|class|class_?id|class_?name|category|target|y)$/i;

async function readRows(file: string): Promise<Row[]> {
  await fileSize(file, REMEDY);
  const content = createReadStream(file);
  const table = content.pipe(
    parse({
      ...{ bom: true, delimiter: [',', ';', '\t'], trim: true, skip_empty_lines: true, relax_column_count: true, info: true },
      max_record_size: LONGEST_ROW,
    }),
  );
  content.once('error', (cause) => table.destroy(cause));
  const rows: Row[] = [];
  try {
    for await (const { record, info } of table as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const [path = '', label = ''] = record;
      if (rows.length === 0 && info.lines === 1 && HEADINGS.test(label)) continue;
      if (path === '' || label === '') {
        throw new DataSetError('data-corrupt', `${file}, line ${info.lines}`, 'has no path or no class', REMEDY);
      }
      rows.push({ path, label });
    }
  } catch (cause) {
    if (cause instanceof BsnnError) throw cause;
    throw new DataSetError('data-corrupt', file, `cannot be read as a table (${(cause as Error).message})`, REMEDY, { cause });
  } finally {
    content.destroy();
  }
  return rows;
}

/** Classes that are numbers and have no other names. */
function numbers(rows: readonly Row[]): Classes {
  const count = rows.reduce((most, { label }) => Math.max(most, Number(label) + 1), 1);
  return { names: Array.from({ length: Math.min(count, 2 ** 20) }, (_, c) => String(c)), numberOf: () => undefined, sorted: false };
}
