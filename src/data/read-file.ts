import { open, readdir, readFile, stat } from 'node:fs/promises';
import { DataSetError } from '../errors.ts';

/** Largest file, and largest decompressed content, that is read: 1 GiB. */
export const MAX_BYTES = 2 ** 30;

/** Longest file of names that is read, bytes: 1000 classes take 25 KB. */
export const MAX_TEXT_BYTES = 2 ** 22;

/**
 * Size in bytes of a regular file of 1…`most` bytes (MAX_BYTES; more only for what is never held whole). Throws DataSetError where it is
 * missing, empty, too large or not a file.
 */
export async function fileSize(path: string, remedy: string, most = MAX_BYTES): Promise<number> {
  const found = await orDataSetError(path, remedy, () => stat(path));
  if (!found.isFile()) throw new DataSetError('data-missing', path, 'is not a file', remedy);
  if (found.size === 0) throw new DataSetError('data-empty', path, 'is empty', remedy);
  if (found.size > most) {
    throw new DataSetError('data-size', path, `has ${found.size} bytes, more than the ${most} that are read`, remedy);
  }
  return found.size;
}

/** Names in a folder, in no order. Throws DataSetError where there is no such folder. */
export function folderNames(path: string, remedy: string): Promise<string[]> {
  return orDataSetError(path, remedy, () => readdir(path));
}

/** A file of records of equal size, whole. Its size is checked before it is read. Throws DataSetError, also on a partial record. */
export async function readRecords(path: string, recordBytes: number, remedy: string): Promise<Uint8Array> {
  const size = await fileSize(path, remedy);
  const rest = size % recordBytes;
  if (rest !== 0) {
    const record = Math.floor(size / recordBytes);
    throw new DataSetError('data-truncated', `${path}, record ${record}`, `has ${rest} of ${recordBytes} bytes`, remedy);
  }
  return orDataSetError(path, remedy, () => readFile(path));
}

/** Whether a file begins with the given bytes. Throws DataSetError where it cannot be read. */
export function startsWith(path: string, bytes: readonly number[], remedy: string): Promise<boolean> {
  return orDataSetError(path, remedy, async () => {
    const file = await open(path);
    try {
      const { buffer } = await file.read(Buffer.alloc(bytes.length), 0, bytes.length, 0);
      return bytes.every((byte, i) => buffer[i] === byte);
    } finally {
      await file.close();
    }
  });
}

/** Bytes [first, first + count) of a file, all of them. Throws DataSetError where it ends before that, or cannot be read. */
export function readAt(path: string, first: number, count: number, remedy: string): Promise<Uint8Array> {
  return orDataSetError(path, remedy, async () => {
    const file = await open(path);
    try {
      const bytes = new Uint8Array(count);
      let filled = 0;
      while (filled < count) {
        const { bytesRead } = await file.read(bytes, filled, Math.min(count - filled, MAX_BYTES), first + filled);
        if (bytesRead === 0) {
          throw new DataSetError('data-truncated', path, `ends after ${first + filled} bytes, ${first + count} are needed`, remedy);
        }
        filled += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  });
}

/** The names in a text file, one a line, blank lines left out. Throws DataSetError unless there are `count`. */
export async function readNames(path: string, count: number, remedy: string): Promise<string[]> {
  await fileSize(path, remedy, MAX_TEXT_BYTES);
  const text = await orDataSetError(path, remedy, () => readFile(path, 'utf8'));
  const names = text.split('\n').flatMap((line) => line.trim() || []);
  if (names.length !== count) throw new DataSetError('data-count', path, `has ${names.length} names, not ${count}`, remedy);
  return names;
}

/** Code of a file system error (ENOENT …); null for anything else. */
export function systemCode(cause: unknown): string | null {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : null;
}

/** What the file system refuses, as a DataSetError about the path. */
export async function orDataSetError<T>(path: string, remedy: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof DataSetError) throw cause;
    const code = systemCode(cause);
    if (code === 'ENOENT') throw new DataSetError('data-missing', path, 'does not exist', remedy, { cause });
    if (code === 'ENOTDIR') throw new DataSetError('data-missing', path, 'is not a folder', remedy, { cause });
    throw new DataSetError('data-unreadable', path, `cannot be read (${code ?? cause})`, remedy, { cause });
  }
}
