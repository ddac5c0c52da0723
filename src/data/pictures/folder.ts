import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { DataSetError } from '../../errors.ts';
import { interleave } from '../interleave.ts';
import { orDataSetError } from '../read-file.ts';
import { findClassesFile, readClasses, sortedClasses } from './classes.ts';
import type { Classified } from './open.ts';

const REMEDY = 'give folder:DIR with a folder of pictures for each class in it';

/** How names of pictures end; what is no picture that can be read among them is said by name. */
const ENDINGS = new Set([
  '.jpg',
  '.jpeg',
  '.jpe',
  '.png',
  '.gif',
  '.webp',
  '.tif',
  '.tiff',
  '.avif',
  '.heic',
  '.bmp',
  '.svg',
  '.ppm',
  '.pgm',
]);

/**
 * The pictures of a folder that has a folder for each class, however deep they lie in it. Every prefix of the list has nearly the mix
 * of classes of the whole. Hidden files, and those whose names do not end as pictures' do, are left alone.
 * @param classesFile numbers the classes; else `classes.txt` in the folder or beside it; else their sorted names
 * @throws DataSetError
 */
export async function listFolder(folder: string, classesFile?: string): Promise<Classified> {
  const keys = await classFolders(folder);
  if (keys.length === 0) throw new DataSetError('data-empty', folder, 'has no folders in it', REMEDY);
  const file = classesFile ?? (await findClassesFile([folder, dirname(resolve(folder))]));
  const classes = file === null ? sortedClasses(keys) : await readClasses(file, new Set(keys));
  const lists = await Promise.all(keys.map((key) => picturesIn(join(folder, key))));
  const order = interleave(lists.map((list) => list.length));
  const files = order.map(({ group, index }) => ({ path: lists[group][index], label: classes.numberOf(keys[group]) as number }));
  if (files.length === 0) throw new DataSetError('data-empty', folder, 'has no pictures in its folders', REMEDY);
  return { files, classes };
}

/** Names of the folders in a folder, sorted; links to folders are such too. */
async function classFolders(folder: string): Promise<string[]> {
  const entries = await orDataSetError(folder, REMEDY, () => readdir(folder, { withFileTypes: true }));
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.name.startsWith('.') && (await isFolder(entry, join(folder, entry.name)))) found.push(entry.name);
  }
  return found.sort();
}

const isFolder = async (entry: Dirent, path: string): Promise<boolean> =>
  entry.isDirectory() || (entry.isSymbolicLink() && ((await stat(path).catch(() => null))?.isDirectory() ?? false));

/** Paths of the pictures in a folder and those below it, sorted. Links to folders below are not followed: they may lead round. */
async function picturesIn(folder: string): Promise<string[]> {
  const entries = await orDataSetError(folder, REMEDY, () => readdir(folder, { withFileTypes: true }));
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await picturesIn(path)));
    else if (ENDINGS.has(extname(entry.name).toLowerCase())) found.push(path);
  }
  return found.sort();
}
