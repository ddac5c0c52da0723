import { DataSetError } from '../../errors.ts';
import { type ByteSource, partOf } from './byte-source.ts';
import { bytesOf, type NpyType, npyType } from './npy.ts';

const REMEDY = 'write the array with numpy.save, numpy.savez or numpy.savez_compressed';

/** A .npy file begins with these. */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** The longest header that is read; NumPy's own are a line. */
const LONGEST_HEADER = 2 ** 16;

/** The most sizes of an array; NumPy has 64 at most. */
const MOST_SIZES = 64;

/** An array in a file: what its header says, and where its elements are. */
export interface NpyFile {
  readonly type: NpyType;
  /** Sizes, outermost first; none of a single number. */
  readonly shape: readonly number[];
  /** The elements in C order, as many as the shape says. */
  readonly data: ByteSource;
}

/**
 * Reads the header of a .npy file (formats 1, 2 and 3) and finds its elements.
 * Format: NumPy's `numpy.lib.format`: the magic string, two bytes of version, the header's length, a Python dictionary, the elements.
 * Throws DataSetError where it is none, is cut short, or holds what is not read.
 */
export async function openNpyFile(source: ByteSource): Promise<NpyFile> {
  const { where } = source;
  const start = await source.read(0, Math.min(12, source.size));
  if (MAGIC.some((byte, i) => start[i] !== byte)) {
    throw new DataSetError('data-magic', where, 'does not begin as a .npy file does', REMEDY);
  }
  const [version] = start.subarray(6);
  if (version > 3 || version < 1) corrupt(where, `is of format ${version}, 1 to 3 are read`);
  const before = version === 1 ? 10 : 12;
  if (start.length < before) truncated(where);
  const view = new DataView(start.buffer, start.byteOffset);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER) corrupt(where, `announces a header of ${length} bytes, at most ${LONGEST_HEADER} are read`);
  if (before + length > source.size) truncated(where);
  const text = Buffer.from(await source.read(before, length)).toString(version === 3 ? 'utf8' : 'latin1');
  const { type, shape } = parseHeader(text, where);
  const size = sizeOf(type, shape, where);
  const found = source.size - before - length;
  if (found !== size) {
    const what = `has ${found} bytes of elements, its header announces ${shape.join(' × ') || '1'} of ${bytesOf(type)} = ${size}`;
    throw new DataSetError(found < size ? 'data-truncated' : 'data-size', where, what, REMEDY);
  }
  return { type, shape, data: partOf(source, before + length, size, where, REMEDY) };
}

function corrupt(where: string, what: string): never {
  throw new DataSetError('data-corrupt', where, what, REMEDY);
}

function truncated(where: string): never {
  throw new DataSetError('data-truncated', where, 'ends within its header', REMEDY);
}

/** One entry of the dictionary: a key, and a text, a truth value, a tuple, or the beginning of a list. */
const ENTRY = /^\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|\(([^()]*)\)|(\[))/;

/** Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, the entries in any order, and nothing else. */
function parseHeader(text: string, where: string): { type: NpyType; shape: number[] } {
  let rest = text.trim();
  if (!rest.startsWith('{') || !rest.endsWith('}')) corrupt(where, 'has a header that is no dictionary');
  rest = rest.slice(1, -1);
  const entries = new Map<string, string>();
  while (rest.trim() !== '') {
    const found = ENTRY.exec(rest);
    if (!found || entries.has(found[2])) return corrupt(where, `has a header that cannot be read ("${shown(rest)}")`);
    const [all, , key, , string, truth, tuple, list] = found;
    if (list) refuse(where, 'has elements of several fields', 'save one field as an array of its own');
    entries.set(key, string ?? truth ?? `(${tuple}`);
    rest = rest.slice(all.length).trimStart();
    if (rest !== '' && !rest.startsWith(',')) corrupt(where, `has a header that cannot be read ("${shown(rest)}")`);
    rest = rest.slice(1);
  }
  const [descr, order, tuple] = ['descr', 'fortran_order', 'shape'].map((key) => entries.get(key));
  if (entries.size !== 3 || descr === undefined || !/^(True|False)$/.test(order ?? '') || !tuple?.startsWith('(')) {
    return corrupt(where, 'has a header that does not say descr, fortran_order and shape, and these alone');
  }
  if (order === 'True') refuse(where, 'is in Fortran order', 'save numpy.ascontiguousarray(array)');
  return { type: readType(descr, where), shape: readShape(tuple.slice(1), where) };
}

/** The beginning of a text from a file, fit to be printed. */
const shown = (text: string): string => text.slice(0, 40).replace(/[^ -~]/g, '?');

function refuse(where: string, what: string, remedy: string): never {
  throw new DataSetError('data-type', where, what, remedy);
}

function readType(descr: string, where: string): NpyType {
  const type = npyType(descr);
  if (type) return type;
  if (/^\|?O/.test(descr)) return refuse(where, 'has Python objects as elements', 'save an array of numbers');
  const name = `has elements of type "${shown(descr)}"`;
  if (/^>/.test(descr)) return refuse(where, `${name}, high byte first`, "save array.astype(array.dtype.newbyteorder('<'))");
  return refuse(where, `${name}, which are not read`, 'save array.astype("float32"), or integers of up to 8 bytes');
}

/** The sizes in a tuple, without its parentheses. */
function readShape(text: string, where: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts[parts.length - 1] === '') parts.pop();
  const sizes = parts.map((part) => (/^\d{1,16}L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN));
  const isTuple = sizes.length !== 1 || text.includes(',');
  if (isTuple && sizes.length <= MOST_SIZES && sizes.every(Number.isSafeInteger)) return sizes;
  return corrupt(where, `has a shape (${shown(text)}) that no array has`);
}

/** Bytes of all elements. */
function sizeOf(type: NpyType, shape: readonly number[], where: string): number {
  const size = shape.reduce((product, n) => product * n, bytesOf(type));
  if (Number.isSafeInteger(size)) return size;
  return corrupt(where, `announces ${shape.join(' × ')} elements, more than any file has`);
}
