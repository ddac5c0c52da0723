import { DataSetError } from '../../errors.ts';
import { fileSize, readAt } from '../read-file.ts';

/** Bytes that are read by their position, so that nobody needs to hold them all: a file, a part of one, or memory. */
export interface ByteSource {
  /** What errors about them name: the file, and what in it. */
  readonly where: string;
  readonly size: number;
  /** Bytes [first, first + count), all of them. Throws DataSetError where they end before that. */
  read(first: number, count: number): Promise<Uint8Array>;
}

/** A file of any size. It is opened for each reading, so that nothing is left to close. Throws DataSetError. */
export async function fileBytes(path: string, remedy: string): Promise<ByteSource> {
  const size = await fileSize(path, remedy, Number.POSITIVE_INFINITY);
  return { where: path, size, read: (first, count) => readAt(path, first, count, remedy) };
}

/** Bytes in memory. */
export const memoryBytes = (bytes: Uint8Array, where: string, remedy: string): ByteSource => ({
  where,
  size: bytes.length,
  read: async (first, count) => {
    requireWithin(bytes.length, first, count, where, remedy);
    return bytes.subarray(first, first + count);
  },
});

/** Bytes [begin, begin + size) of others, which have them. */
export const partOf = (source: ByteSource, begin: number, size: number, where: string, remedy: string): ByteSource => ({
  where,
  size,
  read: async (first, count) => {
    requireWithin(size, first, count, where, remedy);
    return source.read(begin + first, count);
  },
});

function requireWithin(size: number, first: number, count: number, where: string, remedy: string): void {
  if (first + count <= size) return;
  throw new DataSetError('data-truncated', where, `ends after ${size} bytes, ${first + count} are needed`, remedy);
}
