import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { BsnnError, DataSetError } from '../errors.ts';
import { pixelsSource } from '../run/source.ts';
import { type DataSet, numberedClasses } from './data-set.ts';
import { pixelStatistics } from './pixel-statistics.ts';
import { fileSize, MAX_BYTES, startsWith } from './read-file.ts';

const REMEDY =
  'give idx:IMAGES,LABELS with IDX files of unsigned bytes as MNIST has them (…-images-idx3-ubyte, …-labels-idx1-ubyte; plain or .gz)';

/** Element type of IDX (third byte of the magic number) that is read: unsigned byte. */
const UNSIGNED_BYTE = 0x08;

/** The first bytes of a gzip file (RFC 1952); IDX begins with two zeros. */
const GZIP = [0x1f, 0x8b];

/** An IDX file: sizes of its dimensions, and its bytes, the last dimension running fastest. */
export interface IdxFile {
  readonly sizes: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Grey images and labels from two IDX files (MNIST, Fashion-MNIST, EMNIST …), all to evaluate on; images to calibrate on from a third,
 * where there is one. Classes are numbers, ten or as many as the largest label asks for; mean and standard deviation are those of the
 * images. Throws DataSetError by file and record.
 */
export async function openIdx(imagesPath: string, labelsPath: string, trainingPath?: string): Promise<DataSet> {
  const images = await readIdx(imagesPath, 3);
  const labels = await readIdx(labelsPath, 1);
  const [count, height, width] = images.sizes;
  if (labels.sizes[0] !== count) {
    throw new DataSetError(
      'data-count',
      labelsPath,
      `has ${labels.sizes[0]} labels for the ${count} images of ${imagesPath}`,
      REMEDY,
    );
  }
  const shape = { channels: 1, height, width };
  const training = trainingPath === undefined ? null : await readIdx(trainingPath, 3);
  return {
    name: 'idx',
    classes: numberedClasses(labels.bytes),
    ...pixelStatistics(images.bytes, shape),
    evaluation: pixelsSource(images.bytes, shape, Uint16Array.from(labels.bytes)),
    training: training && pixelsSource(training.bytes, { channels: 1, height: training.sizes[1], width: training.sizes[2] }),
  };
}

/**
 * One IDX file of unsigned bytes with the given number of dimensions, plain or gzip. Never holds more than the header announces, and
 * at most MAX_BYTES: what goes on beyond that is refused unread. Throws DataSetError on a wrong magic number or size.
 * Format: Y. LeCun, the MNIST page: bytes 0, 0, type, number of dimensions; then each size, 4 bytes big-endian; then the data.
 */
export async function readIdx(path: string, dimensions: number): Promise<IdxFile> {
  const size = await fileSize(path, REMEDY);
  const gzip = await startsWith(path, GZIP, REMEDY);
  const file = createReadStream(path);
  const content = gzip ? file.pipe(createGunzip()) : file;
  file.once('error', (cause) => content.destroy(cause)); // pipe does not pass errors on
  try {
    return await collectIdx(content, path, dimensions, gzip ? null : size);
  } catch (cause) {
    if (cause instanceof BsnnError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataSetError('data-corrupt', path, `cannot be ${gzip ? 'decompressed' : 'read'} (${reason})`, REMEDY, { cause });
  } finally {
    file.destroy();
  }
}

/** Gathers header and data from chunks. `size`: of the whole file where it is known beforehand. */
async function collectIdx(
  source: AsyncIterable<Uint8Array>,
  path: string,
  dimensions: number,
  size: number | null,
): Promise<IdxFile> {
  let header = Buffer.alloc(0);
  let sizes: number[] | null = null;
  let bytes = new Uint8Array(0);
  let filled = 0;
  for await (const chunk of source) {
    let data = chunk;
    if (sizes === null) {
      header = Buffer.concat([header, chunk]);
      if (header.length >= 4) requireMagic(header.readUInt32BE(0), path, dimensions);
      if (header.length < 4 + 4 * dimensions) continue;
      sizes = parseSizes(header, path, dimensions);
      bytes = new Uint8Array(product(sizes));
      if (size !== null) requireLength(size - 4 - 4 * dimensions, bytes.length, path, sizes);
      data = header.subarray(4 + 4 * dimensions);
    }
    if (filled + data.length > bytes.length) {
      throw new DataSetError('data-size', path, `goes on after the ${bytes.length} bytes that its header announces`, REMEDY);
    }
    bytes.set(data, filled);
    filled += data.length;
  }
  if (sizes === null) throw new DataSetError('data-truncated', path, `ends within its header (${header.length} bytes)`, REMEDY);
  requireLength(filled, bytes.length, path, sizes);
  return { sizes, bytes };
}

function requireMagic(magic: number, path: string, dimensions: number): void {
  const expected = (UNSIGNED_BYTE << 8) | dimensions;
  if (magic === expected) return;
  const hex = (n: number) => `0x${n.toString(16).padStart(8, '0')}`;
  const holds = dimensions === 3 ? 'images' : 'labels';
  throw new DataSetError('data-magic', path, `magic number ${hex(magic)} is not ${hex(expected)}, which ${holds} have`, REMEDY);
}

function parseSizes(header: Buffer, path: string, dimensions: number): number[] {
  const sizes = Array.from({ length: dimensions }, (_, d) => header.readUInt32BE(4 + 4 * d));
  if (sizes.includes(0)) throw new DataSetError('data-empty', path, `holds nothing (sizes ${sizes.join(' × ')})`, REMEDY);
  if (product(sizes) > MAX_BYTES) {
    throw new DataSetError(
      'data-size',
      path,
      `announces ${sizes.join(' × ')} bytes, more than the ${MAX_BYTES} that are read`,
      REMEDY,
    );
  }
  return sizes;
}

function requireLength(found: number, expected: number, path: string, sizes: readonly number[]): void {
  if (found === expected) return;
  const record = Math.min(Math.floor(found / product(sizes.slice(1))), sizes[0]);
  const code = found < expected ? 'data-truncated' : 'data-size';
  const what = `has ${found} bytes of data, its header announces ${sizes.join(' × ')} = ${expected}`;
  throw new DataSetError(code, `${path}, record ${record}`, what, REMEDY);
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
