/** Arrays as NumPy keeps them in files. The format is a header of one line; what npm has for it brings a network client along. */

const MAGIC = '\x93NUMPY';
/** Data begin at a multiple of this. */
const ALIGNMENT = 64;

/** Arrays of numbers as JavaScript has them. */
type Numbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** How elements are stored: bytes of one, and the array that they are in memory. */
interface Stored {
  readonly bytes: number;
  readonly kind: 'integer' | 'real';
  readonly view: (buffer: ArrayBuffer) => Numbers;
}

/** The types of elements that are read, as NumPy writes them: order of bytes, kind, bytes. */
const TYPES = {
  '|u1': { bytes: 1, kind: 'integer', view: (b) => new Uint8Array(b) },
  '|b1': { bytes: 1, kind: 'integer', view: (b) => new Uint8Array(b) },
  '|i1': { bytes: 1, kind: 'integer', view: (b) => new Int8Array(b) },
  '<u2': { bytes: 2, kind: 'integer', view: (b) => new Uint16Array(b) },
  '<i2': { bytes: 2, kind: 'integer', view: (b) => new Int16Array(b) },
  '<u4': { bytes: 4, kind: 'integer', view: (b) => new Uint32Array(b) },
  '<i4': { bytes: 4, kind: 'integer', view: (b) => new Int32Array(b) },
  '<u8': { bytes: 8, kind: 'integer', view: (b) => new BigUint64Array(b) },
  '<i8': { bytes: 8, kind: 'integer', view: (b) => new BigInt64Array(b) },
  '<f4': { bytes: 4, kind: 'real', view: (b) => new Float32Array(b) },
  '<f8': { bytes: 8, kind: 'real', view: (b) => new Float64Array(b) },
} as const satisfies Readonly<Record<string, Stored>>;

/** A type of elements, as a .npy file names it: `<f4` and so on. */
export type NpyType = keyof typeof TYPES;

/** Arrays that are written. */
export type NpyArray = Uint8Array | Int8Array | Int32Array | Float32Array | Float64Array;

/** The type that a file's header names, where it is one that is read; null for others. */
export const npyType = (descr: string): NpyType | null => (Object.hasOwn(TYPES, descr) ? (descr as NpyType) : null);

/** Bytes of one element. */
export const bytesOf = (type: NpyType): number => TYPES[type].bytes;

/** Whether elements are integers (booleans too) or real numbers. */
export const kindOf = (type: NpyType): Stored['kind'] => TYPES[type].kind;

/** The type that an array is written as. */
export function typeOf(array: NpyArray): NpyType {
  if (array instanceof Uint8Array) return '|u1';
  if (array instanceof Int8Array) return '|i1';
  if (array instanceof Int32Array) return '<i4';
  return array instanceof Float32Array ? '<f4' : '<f8';
}

/** Whether this machine keeps the low byte first, as the files do. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes with those of each element in the other order, where this machine's order is not the file's. They are changed in place. */
function swapped(bytes: Uint8Array, size: number): Uint8Array {
  if (!LITTLE_ENDIAN && size > 1) for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes;
}

/** The elements that stored bytes are; a whole number of them. Integers of 8 bytes are rounded beyond 2^53. */
export function elementsOf(bytes: Uint8Array, type: NpyType): Exclude<Numbers, BigUint64Array | BigInt64Array> {
  const { view, bytes: size } = TYPES[type];
  const own = swapped(new Uint8Array(bytes), size); // a copy begins where an element may
  const elements = view(own.buffer as ArrayBuffer);
  return elements instanceof BigInt64Array || elements instanceof BigUint64Array ? Float64Array.from(elements, Number) : elements;
}

/** The bytes that an array is stored as, in C order, without a header: those of the array itself where it can be. */
export function bytesOfArray(array: NpyArray): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return LITTLE_ENDIAN ? bytes : swapped(bytes.slice(), array.BYTES_PER_ELEMENT);
}

/** The header of a .npy file (format 1.0) of an array in C order; its elements follow. */
export function npyHeader(type: NpyType, shape: readonly number[]): Uint8Array {
  const dict = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.map((n) => `${n},`).join(' ')}), }`;
  const before = MAGIC.length + 4;
  const length = Math.ceil((before + dict.length + 1) / ALIGNMENT) * ALIGNMENT - before;
  const header = Uint8Array.from(`${MAGIC}\x01\x00??${dict.padEnd(length - 1)}\n`, (c) => c.charCodeAt(0));
  new DataView(header.buffer).setUint16(MAGIC.length + 2, length, true);
  return header;
}

/**
 * A .npy file (format 1.0) of an array in C order.
 * @param shape sizes, outermost first; their product is the array's length
 */
export function npyFile(array: NpyArray, shape: readonly number[]): Uint8Array {
  const header = npyHeader(typeOf(array), shape);
  const file = new Uint8Array(header.length + array.byteLength);
  file.set(header);
  file.set(bytesOfArray(array), header.length);
  return file;
}
