/** Arrays as NumPy keeps them in files. The format is a header of one line; what npm has for it brings a network client along. */

const MAGIC = '\x93NUMPY\x01\x00';
/** Data begin at a multiple of this. */
const ALIGNMENT = 64;

/**
 * A .npy file (format 1.0) of an array in C order.
 * @param shape sizes, outermost first; their product is the array's length
 */
export function npyFile(array: Uint8Array | Int32Array, shape: readonly number[]): Uint8Array {
  const type = array instanceof Uint8Array ? '|u1' : '<i4';
  const dict = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.map((n) => `${n},`).join(' ')}), }`;
  const before = MAGIC.length + 2;
  const length = Math.ceil((before + dict.length + 1) / ALIGNMENT) * ALIGNMENT - before;
  const file = new Uint8Array(before + length + array.byteLength);
  file.set(Uint8Array.from(`${MAGIC}??${dict.padEnd(length - 1)}\n`, (c) => c.charCodeAt(0)));
  new DataView(file.buffer).setUint16(MAGIC.length, length, true);
  const data = new DataView(file.buffer, before + length);
  array.forEach((v, i) => {
    if (array instanceof Uint8Array) data.setUint8(i, v);
    else data.setInt32(4 * i, v, true);
  });
  return file;
}
