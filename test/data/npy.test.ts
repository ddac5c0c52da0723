import { expect, it } from 'vitest';
import { npyFile } from '../../src/data/npy.ts';

/** NumPy's format 1.0, read back by its description. */
function read(file: Uint8Array) {
  const view = new DataView(file.buffer);
  const length = view.getUint16(8, true);
  return {
    magic: [...file.subarray(0, 8)],
    begin: 10 + length,
    header: String.fromCharCode(...file.subarray(10, 10 + length)),
    data: file.subarray(10 + length),
  };
}

it('writes bytes with their shape', () => {
  const { magic, begin, header, data } = read(npyFile(Uint8Array.of(0, 1, 254, 255, 4, 5), [2, 3]));
  expect(magic).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  expect(begin % 64).toBe(0);
  expect(header).toMatch(/^\{'descr': '\|u1', 'fortran_order': False, 'shape': \(2, 3,\), \} *\n$/);
  expect([...data]).toEqual([0, 1, 254, 255, 4, 5]);
});

it('writes integers in little-endian order, one size as a tuple', () => {
  const { header, data } = read(npyFile(Int32Array.of(1, -2), [2]));
  expect(header).toContain("'descr': '<i4'");
  expect(header).toContain("'shape': (2,)");
  expect([...data]).toEqual([1, 0, 0, 0, 254, 255, 255, 255]);
});

it.each([1, 9, 20, 40])('begins its data at a multiple of 64 with %i sizes', (sizes) => {
  const { begin, data } = read(npyFile(Uint8Array.of(7), new Array<number>(sizes).fill(1)));
  expect(begin % 64).toBe(0);
  expect([...data]).toEqual([7]);
});
