/** Model files on disk: the only place of `onnx/` that touches the file system (Node). */

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import { ModelFormatError } from '../errors.ts';
import type { ReadExternal } from './tensor.ts';

/** A model file's bytes, its name without ending, and the way to tensors stored beside it. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly readExternal: ReadExternal;
}

/** protobuf's own limit of a message. */
const MAXIMUM_BYTES = 2 ** 31 - 1;

/** Tensors may share the bytes of an external file (tied weights), but not so that far more is read than is there. */
const TIMES_READ = 2;

/** Reads a model file. Throws `ModelFormatError` where there is none, or it is a directory or above 2 GiB. */
export function readModelFile(path: string): ModelFile {
  const bytes = readRange(path, 0, undefined, path);
  const folder = dirname(path);
  const taken = new Map<string, number>();
  const readExternal: ReadExternal = (location, offset, length, where) => {
    const path = externalPath(folder, location, where);
    const sum = (taken.get(path) ?? 0) + length;
    taken.set(path, sum);
    if (sum > TIMES_READ * sizeOf(path, where)) throw overlapping(location, where);
    return readRange(path, offset, length, where);
  };
  return { bytes, name: basename(path).replace(/\.onnx$/i, ''), readExternal };
}

/** Where a tensor's external file lies: inside the model's own folder, links followed. */
function externalPath(folder: string, location: string, where: string): string {
  const steps = location.split(/[\\/]/);
  if (location === '' || location.includes('\0') || isAbsolute(location) || /^[a-z]:/i.test(location) || steps.includes('..')) {
    throw outside(location, where);
  }
  let path: string;
  let root: string;
  try {
    root = realpathSync(folder);
    path = realpathSync(join(root, location));
  } catch (cause) {
    throw new ModelFormatError('external-data', where, `external file "${location}" cannot be read`, 'put it beside the model', {
      cause,
    });
  }
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) throw outside(location, where);
  return path;
}

const outside = (location: string, where: string) =>
  new ModelFormatError(
    'external-data',
    where,
    `external file "${location}" is not inside the model's folder`,
    'export the model again',
  );

const overlapping = (location: string, where: string) =>
  new ModelFormatError(
    'external-data',
    where,
    `tensors overlap in external file "${location}": more than ${TIMES_READ} times its size would be read`,
    'export the model again',
  );

function sizeOf(path: string, where: string): number {
  try {
    return statSync(path).size;
  } catch (cause) {
    throw unreadable(where, path, 'cannot be read', cause);
  }
}

/** Reads `length` bytes from `offset` of a regular file, or all of it. */
function readRange(path: string, offset: number, length: number | undefined, where: string): Uint8Array {
  let file: number;
  try {
    // Non-blocking, so that a named pipe cannot hold us up.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(where, path, 'cannot be opened', cause);
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw unreadable(where, path, 'is not a file');
    const wanted = length ?? status.size;
    if (wanted > MAXIMUM_BYTES) throw unreadable(where, path, 'is above 2 GiB');
    if (offset + wanted > status.size) throw unreadable(where, path, `ends before byte ${offset + wanted}`);
    return readFully(file, offset, wanted, () => unreadable(where, path, 'ended while it was read'));
  } catch (cause) {
    if (cause instanceof ModelFormatError) throw cause;
    throw unreadable(where, path, 'cannot be read', cause);
  } finally {
    closeSync(file);
  }
}

function readFully(file: number, offset: number, length: number, short: () => ModelFormatError): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const read = readSync(file, bytes, done, length - done, offset + done);
    if (read === 0) throw short();
    done += read;
  }
  return bytes;
}

const unreadable = (where: string, path: string, what: string, cause?: unknown) =>
  new ModelFormatError('unreadable-file', where, `${where === path ? 'the file' : `"${path}"`} ${what}`, 'check the path', {
    cause,
  });
