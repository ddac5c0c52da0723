import { type FileEntry, Reader, ZipReader } from '@zip.js/zip.js';
import { BsnnError, DataSetError } from '../../errors.ts';
import { MAX_BYTES } from '../read-file.ts';
import { type ByteSource, fileBytes, partOf } from './byte-source.ts';

const REMEDY = 'write the file with numpy.savez or numpy.savez_compressed';

/** A zip file begins with the first of its entries, or is empty. */
const BEGINNINGS = [0x04034b50, 0x06054b50];

/** The most arrays of a file. */
const MOST_ARRAYS = 10_000;

/** The longest piece that is read at once to find the entries: their directory. */
const LONGEST_PIECE = 2 ** 25;

/** Bytes of an entry's header in the file, before the name and the extra field. */
const LOCAL_HEADER = 30;

const STORED = 0;
const DEFLATED = 8;

/** Deflate makes data at most this many times smaller (zlib's technical notes): what announces more lies. */
const MOST_DEFLATED = 1032;

/** The beginning of a compressed array that is inflated alone: more than the longest header of a .npy file. */
const HEAD = 2 ** 16 + 64;

/** An array in a .npz file: its name without ".npy", and its bytes as a .npy file. Nothing is read before they are asked for. */
export interface NpzEntry {
  readonly name: string;
  readonly file: ByteSource;
}

/**
 * Finds the arrays of a .npz file, as NumPy writes them. Those that are stored (`numpy.savez`) are read where they are in the file; those
 * that are compressed (`numpy.savez_compressed`) are inflated whole and held when more than their header is asked for, up to MAX_BYTES
 * each. Throws DataSetError.
 */
export async function openNpzFile(path: string): Promise<NpzEntry[]> {
  const bytes = await fileBytes(path, REMEDY);
  const start = await bytes.read(0, Math.min(4, bytes.size));
  const beginning = start.length < 4 ? 0 : new DataView(start.buffer, start.byteOffset).getUint32(0, true);
  if (!BEGINNINGS.includes(beginning)) throw new DataSetError('data-magic', path, 'does not begin as a .npz file does', REMEDY);
  const entries = new Map<string, NpzEntry>();
  try {
    const zip = new ZipReader(new Positions(bytes), { useWebWorkers: false, filenameValidation: 'tolerant' }); // names are no paths here
    for await (const entry of zip.getEntriesGenerator()) {
      if (entry.directory || !entry.filename.endsWith('.npy')) continue;
      const name = entry.filename.slice(0, -4);
      if (entries.has(name)) corrupt(path, `has two arrays of the name ${shownName(name)}`);
      if (entries.size === MOST_ARRAYS) corrupt(path, `has more than ${MOST_ARRAYS} arrays`);
      entries.set(name, { name, file: await entrySource(bytes, entry, `${path}, array ${shownName(name)}`) });
    }
  } catch (cause) {
    throw asDataSetError(cause, path, 'is damaged');
  }
  return [...entries.values()];
}

/** A name from a file, fit to be printed. */
export const shownName = (name: string): string => `"${name.slice(0, 60).replace(/\p{C}/gu, '?')}"`;

function corrupt(where: string, what: string): never {
  throw new DataSetError('data-corrupt', where, what, REMEDY);
}

/** Errors of zip.js as errors about a file. */
function asDataSetError(cause: unknown, where: string, what: string): BsnnError {
  if (cause instanceof BsnnError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DataSetError('data-corrupt', where, `${what} (${reason})`, REMEDY, { cause });
}

/** Bytes by position, as zip.js wants them. */
class Positions extends Reader<ByteSource> {
  readonly #bytes: ByteSource;

  constructor(bytes: ByteSource) {
    super(bytes);
    this.#bytes = bytes;
    this.size = bytes.size;
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const count = Math.max(Math.min(length, this.size - index), 0);
    if (count > LONGEST_PIECE) corrupt(this.#bytes.where, `has a directory of ${count} bytes, at most ${LONGEST_PIECE} are read`);
    return this.#bytes.read(index, count);
  }
}

/** The bytes of an entry, once they are no longer compressed. */
async function entrySource(bytes: ByteSource, entry: FileEntry, where: string): Promise<ByteSource> {
  const { compressionMethod: method, compressedSize, uncompressedSize: size } = entry;
  if (entry.encrypted) corrupt(where, 'is encrypted');
  if (method === STORED) {
    if (compressedSize !== size) corrupt(where, `is stored and announces ${size} bytes of which ${compressedSize} are there`);
    return partOf(bytes, await beginOf(bytes, entry, where), size, where, REMEDY);
  }
  if (method !== DEFLATED) corrupt(where, `is compressed by method ${method}, which numpy does not use`);
  if (size > MAX_BYTES) {
    const what = `announces ${size} bytes, and at most ${MAX_BYTES} are inflated`;
    throw new DataSetError('data-size', where, what, 'write the file with numpy.savez, which is read piece by piece');
  }
  if (size > compressedSize * MOST_DEFLATED + 64) corrupt(where, `announces ${size} bytes, ${compressedSize} cannot hold them`);
  return inflatedBytes(entry, where);
}

/** Where a stored entry's data begin: behind its own header, whose length the directory does not know. */
async function beginOf(bytes: ByteSource, { offset, compressedSize }: FileEntry, where: string): Promise<number> {
  if (offset + LOCAL_HEADER > bytes.size) corrupt(where, 'begins behind the end of the file');
  const header = await bytes.read(offset, LOCAL_HEADER);
  const view = new DataView(header.buffer, header.byteOffset);
  if (view.getUint32(0, true) !== BEGINNINGS[0]) corrupt(where, 'is not where the directory says');
  const begin = offset + LOCAL_HEADER + view.getUint16(26, true) + view.getUint16(28, true);
  if (begin + compressedSize > bytes.size) corrupt(where, 'goes on behind the end of the file');
  return begin;
}

/** A compressed entry: inflated when it is read, its beginning alone where that is enough. */
function inflatedBytes(entry: FileEntry, where: string): ByteSource {
  const { uncompressedSize: size } = entry;
  let head: Promise<Uint8Array> | null = null;
  let whole: Promise<Uint8Array> | null = null;
  return {
    where,
    size,
    read: async (first, count) => {
      if (first + count > size) {
        throw new DataSetError('data-truncated', where, `ends after ${size} bytes, ${first + count} are needed`, REMEDY);
      }
      if (first + count > HEAD) whole ??= inflate(entry, size, where);
      else if (!whole) head ??= inflate(entry, Math.min(HEAD, size), where);
      const bytes = await (whole ?? (head as Promise<Uint8Array>));
      return bytes.subarray(first, first + count);
    },
  };
}

/** The first `count` bytes of a compressed entry; all of them are checked against what the directory says of them. */
async function inflate(entry: FileEntry, count: number, where: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  const isWhole = count === entry.uncompressedSize;
  let filled = 0;
  const take = (chunk: Uint8Array): void => {
    if (filled + chunk.length > count && isWhole) {
      throw new DataSetError('data-size', where, `goes on after the ${count} bytes that it announces`, REMEDY);
    }
    const used = chunk.subarray(0, count - filled);
    bytes.set(used, filled);
    filled += used.length;
    if (filled === count && !isWhole) throw new Error('enough');
  };
  try {
    await entry.getData(new WritableStream<Uint8Array>({ write: take }), { checkCrc32: true, useWebWorkers: false });
  } catch (cause) {
    if (filled < count || isWhole) throw asDataSetError(cause, where, 'cannot be inflated');
  }
  if (filled < count) corrupt(where, `announces ${entry.uncompressedSize} bytes and has ${filled}`);
  return bytes;
}
