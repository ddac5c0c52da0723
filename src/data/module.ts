import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSetError, OptionError } from '../errors.ts';
import type { LabelledSource } from '../run/source.ts';
import type { DataSet } from './data-set.ts';
import { fileSize } from './read-file.ts';

const REMEDY =
  'export as default a source of images ({ count, shape, labels, read }), a data set, or a function that gives one of them';

/**
 * Images from a module of the user's own, which is run: its default export, called where it is a function.
 * @throws DataSetError where the module cannot be loaded or fails, OptionError where it exports something else
 */
export async function openModule(path: string): Promise<DataSet | LabelledSource> {
  await fileSize(path, REMEDY);
  let found: unknown;
  try {
    const { default: exported } = await import(pathToFileURL(resolve(path)).href);
    found = typeof exported === 'function' ? await exported() : exported;
  } catch (cause) {
    throw new DataSetError('data-unreadable', path, `fails (${cause instanceof Error ? cause.message : cause})`, REMEDY, { cause });
  }
  if (typeof found === 'object' && found !== null && ('evaluation' in found || 'read' in found))
    return found as DataSet | LabelledSource;
  throw new OptionError('images', path, 'does not export images as its default', REMEDY);
}
