import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader, ZipWriter } from '@zip.js/zip.js';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { elementsOf, npyFile } from '../../../src/data/arrays/npy.ts';
import { openNpyFile } from '../../../src/data/arrays/npy-header.ts';
import { openNpzFile } from '../../../src/data/arrays/npz.ts';
import { type NpzArray, writeNpzFile } from '../../../src/data/arrays/npz-writer.ts';
import { MAX_BYTES } from '../../../src/data/read-file.ts';
import { describeWithNumpy, numpy } from '../../helpers/numpy.ts';
import { folderTest } from '../temporary-folder.ts';

async function write(path: string, arrays: readonly NpzArray[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    await writeNpzFile(file, arrays);
  } finally {
    await file.close();
  }
}

/** Every array of a file: name, type, shape, elements. */
async function readAll(path: string) {
  const found: Record<string, { type: string; shape: readonly number[]; elements: number[] }> = {};
  for (const { name, file } of await openNpzFile(path)) {
    const { type, shape, data } = await openNpyFile(file);
    found[name] = { type, shape, elements: [...elementsOf(await data.read(0, data.size), type)] };
  }
  return found;
}

interface Part {
  readonly name: string;
  readonly content: Uint8Array;
  readonly method?: number;
  /** What the headers say, where it is not so. */
  readonly size?: number;
  readonly flags?: number;
  readonly offset?: number;
}

/** A zip file made by its description (PKWARE's appnote), with whatever its headers say. */
function zip(...parts: Part[]): Buffer {
  let at = 0;
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  for (const { name, content, method = 0, flags = 0, ...says } of parts) {
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(says.size ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(says.offset ?? at, 10);
    local.push(Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, end, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(parts.length, 4);
  end.writeUInt16LE(parts.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...local, entries, Buffer.from('PK\x05\x06'), end]);
}

const numbers = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * i) >> 3);

folderTest('what is written is what is read, however it comes in pieces', async ({ folder }) => {
  const path = join(folder, 'x.npz');
  const names = fc.uniqueArray(fc.stringMatching(/^[a-zß/ .]{1,20}$/), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(names, fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), async (all, pieces) => {
      const elements = pieces.flatMap((piece) => [...piece]);
      const shape = [elements.length, 1];
      await write(
        path,
        all.map((name) => ({ name, type: '|u1', shape, pieces })),
      );
      expect(await readAll(path)).toEqual(Object.fromEntries(all.map((name) => [name, { type: '|u1', shape, elements }])));
    }),
    { numRuns: 30 },
  );
});

folderTest('the same arrays are the same file', async ({ folder }) => {
  const arrays: NpzArray[] = [{ name: 'a', type: '|u1', shape: [300_000], pieces: [numbers(200_000), numbers(100_000)] }];
  await write(join(folder, 'a'), arrays);
  await write(join(folder, 'b'), arrays);
  expect(Buffer.compare(await readFile(join(folder, 'a')), await readFile(join(folder, 'b')))).toBe(0);
});

folderTest.for([[3], [5]])('pieces of %i bytes for 4 are an error', async ([count], { folder }) => {
  const written = write(join(folder, 'x'), [{ name: 'a', type: '|u1', shape: [4], pieces: [numbers(count)] }]);
  await expect(written).rejects.toThrow(/array "a": \d+ bytes came, its shape needs \d+/);
});

folderTest('a file without arrays has none', async ({ folder }) => {
  await write(join(folder, 'x'), []);
  expect(await openNpzFile(join(folder, 'x'))).toEqual([]);
  await writeFile(join(folder, 'y'), zip({ name: 'readme.txt', content: numbers(3) }));
  expect(await openNpzFile(join(folder, 'y'))).toEqual([]);
});

folderTest('compressed arrays are inflated, their header alone or whole', async ({ folder }) => {
  const path = join(folder, 'x.npz');
  const large = Float32Array.from({ length: 200_000 }, (_, i) => Math.sin(i));
  const small = Uint8Array.of(1, 2, 3);
  await writeFile(
    path,
    zip(
      { name: 'large.npy', content: npyFile(large, [2, 100_000]), method: 8 },
      { name: 's.npy', content: npyFile(small, [3]), method: 8 },
    ),
  );
  const [{ file }] = await openNpzFile(path);
  const { data, shape } = await openNpyFile(file);
  expect(shape).toEqual([2, 100_000]);
  expect(elementsOf(await data.read(4, 8), '<f4')).toEqual(large.subarray(1, 3));
  expect(elementsOf(await data.read(700_000, 8), '<f4')).toEqual(large.subarray(175_000, 175_002));
  expect(elementsOf(await data.read(4, 8), '<f4')).toEqual(large.subarray(1, 3));
  await expect(data.read(799_996, 8)).rejects.toMatchObject({ code: 'data-truncated' });
  expect((await readAll(path)).s.elements).toEqual([1, 2, 3]);
});

folderTest('files of another writer, with descriptors behind the data and zip64', async ({ folder }) => {
  for (const options of [
    { dataDescriptor: true, level: 0 },
    { zip64: true, level: 0 },
    { zip64: true, level: 6 },
  ]) {
    const writer = new ZipWriter(new Uint8ArrayWriter(), { ...options, useWebWorkers: false });
    await writer.add('x.npy', new Uint8ArrayReader(npyFile(numbers(70_000), [70_000])));
    await writeFile(join(folder, 'x.npz'), await writer.close());
    expect((await readAll(join(folder, 'x.npz'))).x.elements).toEqual([...numbers(70_000)]);
  }
});

folderTest('what is written is sound to a reader that checks everything', async ({ folder }) => {
  await write(join(folder, 'x'), [
    { name: 'a/b', type: '<i4', shape: [2, 2], pieces: [numbers(7), numbers(9)] },
    { name: 'ü', type: '|u1', shape: [0], pieces: [] },
  ]);
  const reader = new ZipReader(new Uint8ArrayReader(await readFile(join(folder, 'x'))), {
    strictness: 'strict',
    useWebWorkers: false,
  });
  const entries = await reader.getEntries();
  expect(entries.map(({ filename }) => filename)).toEqual(['a/b.npy', 'ü.npy']);
  for (const entry of entries) if (!entry.directory) await entry.getData(new Uint8ArrayWriter(), { checkCrc32: true });
});

describe('refuses', () => {
  const file = npyFile(numbers(100), [100]);
  const good = zip({ name: 'x.npy', content: file });
  const zeros = npyFile(new Uint8Array(2 ** 22), [2 ** 22]);
  const packed = deflateRawSync(zeros);
  const damaged = Buffer.from(zip({ name: 'x.npy', content: npyFile(numbers(70_000), [70_000]), method: 8 }));
  damaged[200] ^= 255;
  const flipped = Buffer.from(zip({ name: 'x.npy', content: file, method: 8 }));
  flipped[14] ^= 1;
  flipped[flipped.indexOf('PK\x01\x02') + 16] ^= 1;
  folderTest.for<[string, string, Uint8Array, RegExp]>([
    ['a .npy file', 'data-magic', file, /does not begin as a .npz file/],
    ['one byte', 'data-magic', Uint8Array.of(80), /does not begin/],
    ['a file cut short', 'data-corrupt', good.subarray(0, -30), /is damaged/],
    ['a beginning alone', 'data-corrupt', good.subarray(0, 4), /is damaged/],
    [
      'an array twice',
      'data-corrupt',
      zip({ name: 'x.npy', content: file }, { name: 'x.npy', content: file }),
      /two arrays of the name "x"/,
    ],
    ['an array behind the end', 'data-corrupt', zip({ name: 'x.npy', content: file, offset: 5000 }), /behind the end|damaged/],
    ['an array elsewhere', 'data-corrupt', zip({ name: 'x.npy', content: file, offset: 7 }), /not where|damaged/],
    ['a stored array of two sizes', 'data-corrupt', zip({ name: 'x.npy', content: file, size: 99 }), /announces 99 bytes/],
    ['an encrypted array', 'data-corrupt', zip({ name: 'x.npy', content: file, flags: 1 }), /is encrypted/],
    ['another method', 'data-corrupt', zip({ name: 'x.npy', content: file, method: 12 }), /method 12/],
    ['more than is inflated', 'data-size', zip({ name: 'x.npy', content: file, method: 8, size: MAX_BYTES + 1 }), /at most/],
    [
      'more than can be inflated',
      'data-corrupt',
      zip({ name: 'x.npy', content: file, method: 8, size: MAX_BYTES }),
      /cannot hold them/,
    ],
    ['a bomb', 'data-corrupt', zip({ name: 'x.npy', content: zeros, method: 8, size: packed.length * 3 }), /cannot be inflated/],
    [
      'less than is announced',
      'data-corrupt',
      zip({ name: 'x.npy', content: file, method: 8, size: 300 }),
      /inflated|announces 300/,
    ],
    ['damaged data', 'data-corrupt', damaged, /cannot be inflated/],
    ['another checksum', 'data-corrupt', flipped, /cannot be inflated/],
    [
      'a name of control characters',
      'data-magic',
      zip({ name: 'x\x1b[2J.npy', content: numbers(30).fill(1), flags: 0x800 }),
      /array "x\?\[2J"/,
    ],
  ])('%s', async ([, code, content, message], { folder }) => {
    const path = join(folder, 'x.npz');
    await writeFile(path, content);
    const tried = readAll(path);
    await expect(tried).rejects.toMatchObject({ name: 'DataSetError', code, where: expect.stringContaining(path) });
    await expect(tried).rejects.toThrow(message);
  });

  folderTest('what is cut anywhere, with an error', async ({ folder }) => {
    const path = join(folder, 'x.npz');
    for (let length = 1; length < good.length; length += 3) {
      await writeFile(path, good.subarray(0, length));
      await expect(readAll(path)).rejects.toMatchObject({ name: 'DataSetError' });
    }
  });
});

describeWithNumpy('NumPy', () => {
  folderTest.for(['savez', 'savez_compressed'])('reads what %s writes', async (save, { folder }) => {
    numpy(folder, `np.${save}('x.npz', np.arange(6).reshape(2, 3), y=np.arange(300000, dtype='f4'), n=np.float64(2.5))`);
    const { arr_0, y, n } = await readAll(join(folder, 'x.npz'));
    expect(arr_0).toEqual({ type: '<i8', shape: [2, 3], elements: [0, 1, 2, 3, 4, 5] });
    expect(y.elements).toEqual(Array.from({ length: 300_000 }, (_, i) => i));
    expect(n).toEqual({ type: '<f8', shape: [], elements: [2.5] });
  });

  folderTest('is read by it, in slashes and all', async ({ folder }) => {
    const ints = Uint8Array.from([1, 0, 0, 0, 254, 255, 255, 255]);
    await write(join(folder, 'x.npz'), [
      { name: 'a/spikes', type: '|u1', shape: [2, 150_000], pieces: [numbers(1), numbers(299_999)] },
      { name: 'a/membranes ü', type: '<i4', shape: [1, 2], pieces: [ints] },
      { name: 'n', type: '<i4', shape: [], pieces: [ints.subarray(4)] },
      { name: 'nothing', type: '<f8', shape: [0, 3], pieces: [] },
    ]);
    const lines = numpy(
      folder,
      "with np.load('x.npz') as z:",
      '  for k in z.files: print(k, z[k].dtype, z[k].shape, int(z[k].sum()))',
      'import zipfile; print(zipfile.ZipFile("x.npz").testzip())',
    );
    const sum = numbers(299_999).reduce((a, b) => a + b, 0);
    expect(lines.trim().split('\n')).toEqual([
      `a/spikes uint8 (2, 150000) ${sum}`,
      'a/membranes ü int32 (1, 2) -1',
      'n int32 () -2',
      'nothing float64 (0, 3) 0',
      'None',
    ]);
  });
});
