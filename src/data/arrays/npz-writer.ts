import type { FileHandle } from 'node:fs/promises';
import { ZipWriter } from '@zip.js/zip.js';
import { bytesOf, type NpyType, npyHeader } from './npy.ts';

/** An array to be written: its elements come piece by piece, in C order, as they are stored (`bytesOfArray`). */
export interface NpzArray {
  readonly name: string;
  readonly type: NpyType;
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** As NumPy has it, so that the same arrays are the same file at any time. */
const NO_DATE = new Date(1980, 0, 1);

/**
 * Writes arrays one after another as a .npz file, stored and not compressed; no array is held. Closes nothing. Files above 4 GiB have
 * the records of zip64.
 * @param file open for writing, empty
 * @throws Error where an array's pieces are not as many bytes as its shape says, and what the file and the pieces throw
 */
export async function writeNpzFile(file: FileHandle, arrays: Iterable<NpzArray> | AsyncIterable<NpzArray>): Promise<void> {
  const writable = new WritableStream<Uint8Array>({ write: (chunk) => writeAll(file, chunk) });
  const zip = new ZipWriter(writable, { level: 0, useWebWorkers: false, extendedTimestamp: false, lastModDate: NO_DATE });
  for await (const { name, type, shape, pieces } of arrays) {
    const header = npyHeader(type, shape);
    const size = header.length + shape.reduce((product, n) => product * n, bytesOf(type));
    const readable = ReadableStream.from(whole(name, header, pieces, size));
    await zip.add(`${name}.npy`, { readable, size } as { readable: ReadableStream });
  }
  await zip.close();
}

/** The header and then the pieces, counted. */
async function* whole(
  name: string,
  header: Uint8Array,
  pieces: NpzArray['pieces'],
  size: number,
): AsyncGenerator<Uint8Array, void, void> {
  let sent = header.length;
  yield header;
  for await (const piece of pieces) {
    sent += piece.length;
    if (sent > size) break;
    yield piece;
  }
  if (sent !== size) throw new Error(`array "${name}": ${sent} bytes came, its shape needs ${size}`);
}

/** Writes all bytes where the file is. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}
