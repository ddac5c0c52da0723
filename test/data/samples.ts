/** A small sound file of every form that is read beside models, where its numbers and words are, and what it holds. */

import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import sharp from 'sharp';
import { npyFile } from '../../src/data/arrays/npy.ts';
import { openDataSet } from '../../src/data/open.ts';
import { readSidecar } from '../../src/data/sidecar.ts';
import type { Damageable, NumberField } from '../helpers/damage.ts';
import { pixelsOf } from '../helpers/images.ts';

/** What a data set holds. */
interface Held {
  readonly pixels: Uint8Array;
  readonly labels: readonly number[];
}

/** A file that is damaged, among others that are not. */
export interface Sample extends Damageable {
  readonly name: string;
  readonly file: string;
  readonly others?: Readonly<Record<string, Uint8Array>>;
  /** What is done to the damaged bytes before they are written: packing, check sums. */
  readonly wrap?: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** Opens and reads all that the file gives. */
  readonly read: (folder: string) => Promise<unknown>;
  /** What a sound file holds, by the rules of its form alone; undefined where they are not so simple. */
  readonly holds?: (bytes: Uint8Array) => unknown;
}

const SIDE = 6;
const COUNT = 3;
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 255);
const field = (at: number, size: NumberField['size'], order: NumberField['order'] = 'little'): NumberField => ({ at, size, order });
const fields = (from: number, sizes: readonly NumberField['size'][], order: NumberField['order'] = 'little'): NumberField[] =>
  sizes.map((size, i) => field(from + sizes.slice(0, i).reduce<number>((sum, one) => sum + one, 0), size, order));

/** Reads a whole data set. */
const readSet =
  (form: string, ...files: string[]) =>
  async (folder: string): Promise<Held> => {
    const paths = files.map((file) => join(folder, file)).join(',');
    const { evaluation, training } = await openDataSet(`${form}:${paths || folder}`);
    if (training) await pixelsOf(training);
    return { pixels: await pixelsOf(evaluation), labels: Array.from(evaluation.labels ?? []) };
  };

function idx(sizes: readonly number[], data: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x800 + sizes.length);
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Uint8Array.from([...header, ...data]);
}

const IMAGES = idx([COUNT, SIDE, SIDE], bytesOf(COUNT * SIDE * SIDE));
const LABELS = idx([COUNT], Uint8Array.of(1, 0, 7));
const [images, labels] = ['x-idx3-ubyte', 'y-idx1-ubyte'];

const IDX: Sample[] = [
  {
    name: 'IDX images',
    file: images,
    bytes: IMAGES,
    numbers: fields(0, [4, 4, 4, 4], 'big'),
    others: { [labels]: LABELS },
    read: readSet('idx', images, labels),
    holds: (bytes) => ({ pixels: bytes.slice(16), labels: [...LABELS.slice(8)] }),
  },
  {
    name: 'IDX labels',
    file: labels,
    bytes: LABELS,
    numbers: fields(0, [4, 4], 'big'),
    others: { [images]: IMAGES },
    read: readSet('idx', images, labels),
    holds: (bytes) => ({ pixels: IMAGES.slice(16), labels: [...bytes.slice(8)] }),
  },
  {
    name: 'IDX in a damaged gzip',
    file: images,
    bytes: gzipSync(IMAGES),
    numbers: fields(0, [2, 1, 1, 4]),
    others: { [labels]: LABELS },
    read: readSet('idx', images, labels),
    // its check sum says that it is what it was
    holds: () => ({ pixels: IMAGES.slice(16), labels: [...LABELS.slice(8)] }),
  },
  {
    name: 'damaged IDX in a gzip',
    file: images,
    bytes: IMAGES,
    numbers: fields(0, [4, 4, 4, 4], 'big'),
    others: { [labels]: LABELS },
    wrap: (bytes) => gzipSync(bytes),
    read: readSet('idx', images, labels),
    holds: (bytes) => ({ pixels: bytes.slice(16), labels: [...LABELS.slice(8)] }),
  },
];

const RECORD = 3072;
function cifar(name: string, file: string, before: number): Sample {
  const record = (...first: number[]) => Buffer.concat([Uint8Array.from(first.slice(-before)), bytesOf(RECORD)]);
  return {
    name: `CIFAR records of ${before} + ${RECORD} bytes`,
    file,
    bytes: Buffer.concat([record(19, 9), record(0, 3)]),
    numbers: fields(0, [1, 1]),
    read: readSet(name),
    holds: (bytes) => {
      const starts = Array.from({ length: bytes.length / (before + RECORD) }, (_, i) => i * (before + RECORD));
      const pixels = starts.map((at) => bytes.subarray(at + before, at + before + RECORD));
      return { pixels: Uint8Array.from(Buffer.concat(pixels)), labels: starts.map((at) => bytes[at + before - 1]) };
    },
  };
}

const cifarNames = (): Sample => {
  const { file, bytes } = cifar('cifar10', 'test_batch.bin', 1);
  const text = Buffer.from('a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n');
  const others = { [file]: bytes };
  return {
    name: 'names of CIFAR',
    file: 'batches.meta.txt',
    bytes: text,
    text: [0, text.length],
    others,
    read: readSet('cifar10'),
  };
};

const npyImages = npyFile(bytesOf(COUNT * SIDE * SIDE), [COUNT, SIDE, SIDE]);
const npyReal = npyFile(
  Float32Array.from(bytesOf(COUNT * 3 * SIDE * SIDE), (v) => v / 100 - 1),
  [COUNT, 3, SIDE, SIDE],
);
const npyLabels = npyFile(Int32Array.of(2, 0, 1), [COUNT]);

function npy(name: string, file: 'x.npy' | 'y.npy', bytes: Uint8Array): Sample {
  const others = file === 'x.npy' ? { 'y.npy': npyLabels } : { 'x.npy': npyImages };
  const end = bytes.indexOf(10) + 1;
  return { name, file, bytes, numbers: fields(6, [1, 1, 2]), text: [10, end], others, read: readSet('npy', 'x.npy', 'y.npy') };
}

/** Where a zip file has numbers, by the signatures of its headers (PKWARE's appnote). */
function zipNumbers(bytes: Uint8Array): NumberField[] {
  const headers: readonly (readonly [string, number, readonly NumberField['size'][]])[] = [
    ['PK\x03\x04', 4, [2, 2, 2, 4, 4, 4, 4, 2, 2]],
    ['PK\x01\x02', 4, [2, 2, 2, 2, 4, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4]],
    ['PK\x05\x06', 4, [2, 2, 2, 2, 4, 4, 2]],
  ];
  return headers.flatMap(([mark, skip, sizes]) => marks(bytes, mark).flatMap((at) => fields(at + skip, sizes)));
}

/** Where some bytes occur. */
function marks(bytes: Uint8Array, mark: string): number[] {
  const [text, found] = [Buffer.from(bytes).toString('latin1'), [] as number[]];
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) found.push(at);
  return found;
}

async function npz(level: number, arrays: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { level, useWebWorkers: false, extendedTimestamp: false });
  for (const [name, bytes] of Object.entries(arrays)) await zip.add(`${name}.npy`, new Uint8ArrayReader(bytes));
  return zip.close();
}

async function npzSamples(): Promise<Sample[]> {
  const read = readSet('npz', 'a.npz');
  const archives: Sample[] = [];
  for (const [name, level] of [
    ['npz, stored', 0],
    ['npz, compressed', 9],
  ] as const) {
    const bytes = await npz(level, { x: npyImages, y: npyLabels, x_train: npyImages });
    archives.push({ name, file: 'a.npz', bytes, numbers: zipNumbers(bytes), read });
  }
  const inner = npy('a damaged array in a npz', 'x.npy', npyImages);
  return [...archives, { ...inner, file: 'a.npz', others: {}, read, wrap: (x) => npz(9, { x, y: npyLabels }) }];
}

/** Walks a PNG's chunks: a length, a name, the content, a check sum. */
function pngChunks(bytes: Uint8Array): { readonly at: number; readonly length: number }[] {
  const [view, chunks] = [new DataView(bytes.buffer, bytes.byteOffset, bytes.length), [] as { at: number; length: number }[]];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) break;
    chunks.push({ at, length });
    at += 12 + length;
  }
  return chunks;
}

/** A PNG with right check sums, so that a decoder looks further. */
function withCheckSums(png: Uint8Array): Uint8Array {
  const bytes = Buffer.from(png);
  for (const { at, length } of pngChunks(bytes))
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, at + 8 + length)), at + 8 + length);
  return bytes;
}

const boxes = (bytes: Uint8Array): number[] =>
  ['ftyp', 'meta', 'iloc', 'iinf', 'iprp', 'ipco', 'ispe', 'pixi', 'av1C', 'mdat'].flatMap((name) => marks(bytes, name));

/** Where pictures have numbers: lengths, sizes, counts, depths. */
const PICTURE_NUMBERS: Readonly<Record<string, (bytes: Uint8Array) => NumberField[]>> = {
  png: (bytes) => [...fields(16, [4, 4, 1, 1, 1, 1, 1], 'big'), ...pngChunks(bytes).map(({ at }) => field(at, 4, 'big'))],
  jpeg: (bytes) => [
    ...[0xe0, 0xdb, 0xc4, 0xda].flatMap((m) => marks(bytes, `\xff${String.fromCharCode(m)}`).map((at) => field(at + 2, 2, 'big'))),
    ...marks(bytes, '\xff\xc0').flatMap((at) => fields(at + 2, [2, 1, 2, 2, 1, 1, 1, 1], 'big')),
  ],
  gif: (bytes) => [...fields(6, [2, 2, 1, 1, 1]), ...marks(bytes, ',\0').flatMap((at) => fields(at + 1, [2, 2, 2, 2, 1, 1, 1]))],
  webp: () => [...fields(4, [4]), ...fields(16, [4, 2, 2, 2, 2, 2])],
  tiff: (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [little, order] = bytes[0] === 0x49 ? ([true, 'little'] as const) : ([false, 'big'] as const);
    const directory = view.getUint32(4, little);
    const entries = Array.from({ length: view.getUint16(directory, little) }, (_, i) => directory + 2 + 12 * i);
    return [field(4, 4, order), field(directory, 2, order), ...entries.flatMap((at) => fields(at, [2, 2, 4, 4], order))];
  },
  avif: (bytes) => boxes(bytes).flatMap((at) => [field(at - 4, 4, 'big'), ...fields(at + 4, [4, 4, 4], 'big')]),
};

/** The kinds of pictures that are read; most of this project's pictures are PNG and JPEG. */
async function pictures(): Promise<Sample[]> {
  const raw = sharp(bytesOf(3 * 24 * 24), { raw: { width: 24, height: 24, channels: 3 } });
  const found: Sample[] = [];
  for (const kind of ['png', 'jpeg', 'gif', 'webp', 'tiff', 'avif'] as const) {
    const bytes = await raw
      .clone()
      .toFormat(kind, kind === 'webp' ? { lossless: true } : {})
      .toBuffer();
    const table = { 'list.csv': Buffer.from('picture,0\n') };
    const numbers = PICTURE_NUMBERS[kind](bytes);
    const common = { file: 'picture', bytes, numbers, others: table, read: readSet('csv', 'list.csv') };
    found.push({ ...common, name: kind });
    if (kind === 'png') found.push({ ...common, name: 'png with right check sums', wrap: withCheckSums });
  }
  return found;
}

async function tables(): Promise<Sample[]> {
  const picture = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const others = { 'a.png': picture, 'b.png': picture };
  const table = Buffer.from('path,label\na.png,dog\n"b.png",cat\n');
  const numbered = Buffer.from('a.png;1\r\nb.png;0\r\n');
  const names = Buffer.from('cat\tthe cat\ndog, a dog\nfox\n');
  const read = readSet('csv', 'list.csv');
  const withNames = async (folder: string) =>
    pixelsOf((await openDataSet(`csv:${join(folder, 'list.csv')}`, { classes: join(folder, 'classes.txt') })).evaluation);
  return [
    { name: 'a table of names', file: 'list.csv', bytes: table, text: [0, table.length], others, read },
    { name: 'a table of numbers', file: 'list.csv', bytes: numbered, text: [0, numbered.length], others, read },
    {
      name: 'names of classes',
      file: 'classes.txt',
      bytes: names,
      text: [0, names.length],
      others: { ...others, 'list.csv': table },
      read: withNames,
    },
  ];
}

function sidecar(): Sample {
  const bytes = Buffer.from(
    JSON.stringify({ mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 1], classes: ['cat', 'dog', '\u00e9'], x: {} }),
  );
  return {
    name: 'sidecar',
    file: 'm.json',
    bytes,
    text: [0, bytes.length],
    read: (folder) => readSidecar(join(folder, 'm.onnx')),
    holds: (found) => {
      const { mean, std, classes } = JSON.parse(
        Buffer.from(found)
          .toString()
          .replace(/^\ufeff/, ''),
      );
      return { ...(mean && { mean, std }), ...(classes && { classes }) };
    },
  };
}

/** All of them. */
export const samples = async (): Promise<Sample[]> => [
  ...IDX,
  cifar('cifar10', 'test_batch.bin', 1),
  cifar('cifar100', 'test.bin', 2),
  cifarNames(),
  npy('npy images of bytes', 'x.npy', npyImages),
  npy('npy images of real numbers', 'x.npy', npyReal),
  npy('npy labels', 'y.npy', npyLabels),
  ...(await npzSamples()),
  ...(await pictures()),
  ...(await tables()),
  sidecar(),
];
