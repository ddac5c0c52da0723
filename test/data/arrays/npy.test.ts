import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileBytes, memoryBytes } from '../../../src/data/arrays/byte-source.ts';
import { bytesOfArray, elementsOf, type NpyArray, npyFile, typeOf } from '../../../src/data/arrays/npy.ts';
import { openNpyFile } from '../../../src/data/arrays/npy-header.ts';
import { describeWithNumpy, numpy } from '../../helpers/numpy.ts';
import { folderTest } from '../temporary-folder.ts';

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

const opened = (file: Uint8Array) => openNpyFile(memoryBytes(file, 'x.npy', ''));

/** A file with a header of the given text. */
function withHeader(dict: string, data: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const text = new TextEncoder().encode(dict);
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(text.length);
  else length.writeUInt32LE(text.length);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Uint8Array.of(version, 0), length, text, data]);
}

const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

it('what is written is what is read, of every type that is written', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
  const makers = [Uint8Array, Int8Array, Int32Array, Float32Array, Float64Array];
  await fc.assert(
    fc.asyncProperty(sizes, fc.constantFrom(...makers), fc.integer(), async (shape, make, seed) => {
      const count = shape.reduce((a, b) => a * b, 1);
      const array: NpyArray = new make(Array.from({ length: count }, (_, i) => Math.sin(seed + i) * 1e9));
      const file = await opened(npyFile(array, shape));
      expect(file).toMatchObject({ type: typeOf(array), shape });
      expect(elementsOf(await file.data.read(0, file.data.size), file.type)).toEqual(array);
    }),
  );
});

it('writes a view of a larger buffer without what is around it', () => {
  const view = new Int32Array(Int32Array.of(1, 2, 3, 4).buffer, 4, 2);
  expect([...elementsOf(bytesOfArray(view), '<i4')]).toEqual([2, 3]);
});

describe('headers as others write them', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
  it.each<[string, Uint8Array, number[]]>([
    ['format 2', withHeader(header("'|u1'", '(2, 3)'), bytes, 2), [2, 3]],
    ['format 3', withHeader(header("'|u1'", '(2, 3)'), bytes, 3), [2, 3]],
    ['double quotes, another order, no blanks', withHeader('{"shape":(6,),"fortran_order":False,"descr":"|u1"}', bytes), [6]],
    ['sizes as Python 2 wrote them', withHeader(header("'|u1'", '(2L, 3L)'), bytes), [2, 3]],
    ['a single number', withHeader(header("'|u1'", '()'), bytes.subarray(5)), []],
    ['an array of nothing', withHeader(header("'<f8'", '(0, 3)')), [0, 3]],
  ])('%s', async (_, file, shape) => {
    expect((await opened(file)).shape).toEqual(shape);
  });
});

describe('refuses', () => {
  const good = npyFile(Uint8Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
  it.each<[string, string, Uint8Array, RegExp]>([
    ['nothing', 'data-magic', new Uint8Array(0), /does not begin as a .npy file/],
    ['another file', 'data-magic', Buffer.from('<!doctype html>'), /does not begin as a .npy file/],
    ['a pickle', 'data-magic', Buffer.from('\x80\x04\x95aaaaaaaaaaaaa', 'latin1'), /does not begin/],
    ['format 4', 'data-corrupt', withHeader(header("'|u1'", '(0,)'), undefined, 4), /is of format 4/],
    ['a file that ends behind its magic string', 'data-truncated', good.subarray(0, 9), /ends within its header/],
    ['a header cut short', 'data-truncated', good.subarray(0, 40), /ends within its header/],
    [
      'a header of 4 GiB',
      'data-corrupt',
      Buffer.concat([good.subarray(0, 6), Uint8Array.of(2, 0, 255, 255, 255, 255)]),
      /header of 4294967295/,
    ],
    ['elements cut short', 'data-truncated', good.subarray(0, -1), /has 5 bytes of elements, its header announces 2 × 3/],
    ['an element too many', 'data-size', Buffer.concat([good, Uint8Array.of(7)]), /has 7 bytes/],
    ['a shape that lies', 'data-truncated', withHeader(header("'<f8'", '(1000000, 1000000)')), /has 0 bytes/],
    ['a shape beyond every file', 'data-corrupt', withHeader(header("'<f8'", '(4294967296, 4294967296)')), /more than any file/],
    [
      'a shape beyond all numbers',
      'data-corrupt',
      withHeader(header("'|u1'", `(${'9007199254740991,'.repeat(30)} 0)`)),
      /more than any/,
    ],
    ['a negative size', 'data-corrupt', withHeader(header("'|u1'", '(-1, -6)')), /a shape \(-1, -6\) that no array has/],
    ['a size with a point', 'data-corrupt', withHeader(header("'|u1'", '(6.0,)')), /no array has/],
    ['a size that is no tuple', 'data-corrupt', withHeader(header("'|u1'", '(6)')), /no array has/],
    ['sizes without end', 'data-corrupt', withHeader(header("'|u1'", `(${'1,'.repeat(65)})`)), /no array has/],
    ['an expression for a shape', 'data-corrupt', withHeader(header("'|u1'", '(2**40,)')), /no array has/],
    ['a call', 'data-corrupt', withHeader(header("__import__('os')", '(1,)')), /cannot be read/],
    ['a list', 'data-corrupt', withHeader('[1, 2]'), /no dictionary/],
    ['no shape', 'data-corrupt', withHeader("{'descr': '|u1', 'fortran_order': False}"), /does not say descr/],
    ['a shape as text', 'data-corrupt', withHeader(header("'|u1'", "'2, 3'")), /does not say/],
    ['a further key', 'data-corrupt', withHeader("{'descr': '|u1', 'fortran_order': False, 'shape': (), 'x': ()}"), /these alone/],
    ['a key twice', 'data-corrupt', withHeader("{'descr': '|u1', 'descr': '<f8', 'shape': ()}"), /cannot be read/],
    ['no comma', 'data-corrupt', withHeader("{'descr': '|u1' 'fortran_order': False, 'shape': ()}"), /cannot be read/],
    ['Fortran order', 'data-type', withHeader(header("'<f8'", '(0, 2)', 'True')), /Fortran order; save numpy.ascontiguousarray/],
    ['fields', 'data-type', withHeader(header("[('a', '<f4'), ('b', '<i4')]", '(0,)')), /several fields; save one field/],
    ['objects', 'data-type', withHeader(header("'|O'", '(0,)')), /Python objects/],
    ['the high byte first', 'data-type', withHeader(header("'>f8'", '(0,)')), /high byte first; save array.astype/],
    ['complex numbers', 'data-type', withHeader(header("'<c8'", '(0,)')), /type "<c8", which are not read/],
    ['texts', 'data-type', withHeader(header("'<U5'", '(0,)')), /which are not read/],
    ['half precision', 'data-type', withHeader(header("'<f2'", '(0,)')), /save array.astype\("float32"\)/],
    ['a name that every object has', 'data-type', withHeader(header("'constructor'", '(0,)')), /which are not read/],
  ])('%s', async (_, code, file, message) => {
    await expect(opened(file)).rejects.toMatchObject({
      name: 'DataSetError',
      code,
      where: 'x.npy',
      message: expect.stringMatching(message),
    });
  });

  it('a header of noise, with an error and in no time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 300, unit: fc.constantFrom(...`{}()[]'",: \\\n0shapedescrTrue`) }), async (text) => {
        await expect(opened(withHeader(`{${text}}`))).rejects.toMatchObject({ name: 'DataSetError' });
      }),
    );
    await expect(opened(withHeader(`{'shape': (${' '.repeat(60_000)}`))).rejects.toMatchObject({ code: 'data-corrupt' });
  });

  folderTest('a file that became shorter while it was read', async ({ folder }) => {
    const path = join(folder, 'x.npy');
    await writeFile(path, good);
    const { data } = await openNpyFile(await fileBytes(path, ''));
    await writeFile(path, good.subarray(0, -2));
    await expect(data.read(0, 6)).rejects.toMatchObject({ code: 'data-truncated', where: path });
  });
});

describeWithNumpy('NumPy', () => {
  const TYPES = ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f4', 'f8', 'b1'];
  folderTest('reads what it writes', async ({ folder }) => {
    numpy(folder, `for t in ${JSON.stringify(TYPES)}: np.save(t, (np.arange(-3, 9) % 5 - 2).reshape(3, 1, 4).astype(t))`);
    const values = Array.from({ length: 12 }, (_, i) => ((i + 2) % 5) - 2);
    for (const type of TYPES) {
      const file = await openNpyFile(await fileBytes(join(folder, `${type}.npy`), ''));
      expect(file).toMatchObject({ type: type.endsWith('1') ? `|${type}` : `<${type}`, shape: [3, 1, 4] });
      const wrapped = type.startsWith('u') ? 2 ** (8 * Number(type[1])) : 0;
      const wanted = values.map((v) => (type === 'b1' ? Number(v !== 0) : v < 0 ? v + wrapped : v));
      expect([...elementsOf(await file.data.read(0, file.data.size), file.type)]).toEqual(wanted);
    }
  });

  folderTest('refuses what it writes otherwise', async ({ folder }) => {
    numpy(
      folder,
      "np.save('fortran', np.asfortranarray(np.zeros((2, 3))))",
      "np.save('fields', np.zeros(2, dtype=[('a', 'f4'), ('b', 'i4')]))",
      "np.save('objects', np.array([None, 1]), allow_pickle=True)",
      "np.save('big', np.zeros(2, dtype='>f4'))",
      "np.save('long', np.zeros(2, dtype=[('a' * 70000, 'f4')]))",
    );
    for (const name of ['fortran', 'fields', 'objects', 'big']) {
      await expect(openNpyFile(await fileBytes(join(folder, `${name}.npy`), ''))).rejects.toMatchObject({ code: 'data-type' });
    }
    await expect(openNpyFile(await fileBytes(join(folder, 'long.npy'), ''))).rejects.toMatchObject({ code: 'data-corrupt' });
  });

  folderTest('is read by it', async ({ folder }) => {
    const arrays = [Uint8Array, Int8Array, Int32Array, Float32Array, Float64Array].map((make) => make.of(1, 2, 100, 7));
    for (const array of arrays) await writeFile(join(folder, `${array.constructor.name}.npy`), npyFile(array, [2, 1, 2]));
    const names = JSON.stringify(arrays.map((array) => array.constructor.name));
    const lines = numpy(folder, `for n in ${names}: a = np.load(n + '.npy'); print(a.dtype, a.shape, a.flatten().tolist())`);
    expect(lines.trim().split('\n')).toEqual([
      ...['uint8', 'int8', 'int32'].map((type) => `${type} (2, 1, 2) [1, 2, 100, 7]`),
      ...['float32', 'float64'].map((type) => `${type} (2, 1, 2) [1.0, 2.0, 100.0, 7.0]`),
    ]);
  });
});
