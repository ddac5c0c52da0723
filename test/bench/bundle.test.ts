import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isNeeded, trimIcu } from '../../bench/bundle/icu.ts';
import { type Lock, neededFolders } from '../../bench/bundle/needed.ts';
import { firstRecords, packRecords, recordsOf, unpackRecords } from '../../bench/bundle/records.ts';
import { filesOf, MOST_BYTES, oversize } from '../../bench/bundle/size.ts';
import { seeded } from '../../src/ann/build.ts';
import { folderTest } from '../data/temporary-folder.ts';

const RECORD = 3073;

describe('records of CIFAR-10', () => {
  const random = seeded(5);
  const noise = Uint8Array.from({ length: 7 * RECORD }, () => random.integer(0, 256));
  const extremes = Uint8Array.from({ length: 2 * RECORD }, (_, i) => (i % 3 === 0 ? 255 : 0));
  // a slope in every direction, the same in all colours
  const smooth = Uint8Array.from({ length: 3 * RECORD }, (_, i) => {
    const place = (i % RECORD) - 1;
    return place < 0 ? 9 : 2 * (place % 32) + 3 * (Math.floor(place / 32) % 32);
  });

  it.each([
    ['noise', noise],
    ['extremes', extremes],
    ['a slope', smooth],
  ])('%s: packed and unpacked they are the same', (_, file) => {
    const packed = packRecords(file);
    expect(packed.length).toBe(file.length);
    expect(Buffer.compare(packed, file)).not.toBe(0);
    expect(Buffer.compare(unpackRecords(packed), file)).toBe(0);
  });

  it('what neighbours and green foretell is packed as zeros, after the labels', () => {
    const packed = packRecords(smooth);
    expect([...packed.subarray(0, 3)]).toEqual([9, 9, 9]);
    // of green: first row and column and, where the predictor takes the smaller difference, the rest; red and blue: nothing
    expect(packed.subarray(3 + 3 * 1024).every((difference) => difference === 0)).toBe(true);
    expect(packed.subarray(3, 3 + 1024).filter((difference) => difference > 3)).toHaveLength(0);
  });

  it('takes as many as are there, and refuses what are none', () => {
    expect(recordsOf(firstRecords(noise, 2))).toBe(2);
    expect(recordsOf(firstRecords(noise, Infinity))).toBe(7);
    expect(() => recordsOf(noise.subarray(1))).toThrow('21510 bytes are no records of 3073');
    expect(() => recordsOf(new Uint8Array(0))).toThrow('0 bytes are no records');
  });
});

describe('packages that a bundle needs', () => {
  const lock: Lock = {
    'node_modules/a': { dependencies: { b: '1', '@s/c': '1' } },
    'node_modules/b': { optionalDependencies: { 'b-mac': '1', 'b-linux': '1' } },
    'node_modules/b-mac': {},
    'node_modules/b-linux': {},
    'node_modules/@s/c': { dependencies: { b: '2', d: '1' } },
    'node_modules/@s/c/node_modules/b': { dependencies: { d: '1' } },
    'node_modules/d': { dependencies: { a: '1' } },
    'node_modules/e': {},
  };
  const isInstalled = (folder: string) => folder !== 'node_modules/b-mac';

  it('are those of its roots, the nearest of each name, once, for this machine', () => {
    expect(neededFolders(lock, ['a'], isInstalled)).toEqual([
      'node_modules/a',
      'node_modules/b',
      'node_modules/b-linux',
      'node_modules/@s/c',
      'node_modules/@s/c/node_modules/b',
      'node_modules/d',
    ]);
    expect(neededFolders(lock, ['a', 'e'], isInstalled, ['@s/c'])).toEqual([
      'node_modules/a',
      'node_modules/b',
      'node_modules/b-linux',
      'node_modules/e',
    ]);
  });

  it('must be installed', () => {
    expect(() => neededFolders(lock, ['a'], (folder) => folder !== 'node_modules/d')).toThrow(
      'package "d", which node_modules/@s/c/node_modules/b needs, is not installed',
    );
    expect(() => neededFolders(lock, ['x'], isInstalled)).toThrow('package "x", which the bundle needs');
  });
});

describe('ICU data of Node', () => {
  it.each([
    'root.res',
    'en.res',
    'en_US.res',
    'curr/root.res',
    'coll/ucadata.icu',
    'zoneinfo64.res',
    'supplementalData.res',
    'nfc.nrm',
    'brkitr/word.brk',
  ])('English needs %s', (name) => expect(isNeeded(name)).toBe(true));
  it.each(['de.res', 'sr_Latn_RS.res', 'curr/de.res', 'zone/en_GB.res', 'ibm-37.cnv', 'brkitr/thaidict.dict'])(
    'it does not need %s',
    (name) => expect(isNeeded(name)).toBe(false),
  );

  /** A binary with ICU data somewhere in it: items of 12 bytes each, of which 4 are the head. */
  function binary(names: readonly string[]): Buffer {
    const contents = 32;
    const texts = names.map((name) => `icudt77l/${name}\0`);
    const table = 4 + 8 * names.length;
    const first = table + texts.join('').length;
    const data = Buffer.alloc(contents + first + 12 * names.length, 7);
    data.writeUInt16LE(contents, 0);
    data.set([0xda, 0x27], 2);
    data.write('CmnD', 12);
    data.writeUInt32LE(names.length, contents);
    names.forEach((_, i) => {
      const name = table + texts.slice(0, i).join('').length;
      data.writeUInt32LE(name, contents + 4 + 8 * i);
      data.writeUInt32LE(first + 12 * i, contents + 8 + 8 * i);
      data.write(texts[i], contents + name, 'latin1');
      data.writeUInt16LE(4, contents + first + 12 * i);
    });
    return Buffer.concat([Buffer.from('code CmnD code'), data, Buffer.from('more')]);
  }

  it('zeroes what is not needed behind its head, and nothing else', () => {
    const file = binary(['de.res', 'en.res', 'fr.res', 'zoneinfo64.res']);
    const before = Buffer.from(file);
    expect(trimIcu(file)).toBe(16);
    const items = file.length - 4 - 48;
    const zeros = [...file.keys()].filter((at) => file[at] !== before[at]);
    const behindHead = (item: number) => Array.from({ length: 8 }, (_, i) => items + 12 * item + 4 + i);
    expect(zeros).toEqual([...behindHead(0), ...behindHead(2)]);
    expect(zeros.every((at) => file[at] === 0)).toBe(true);
  });

  it('leaves a binary without them as it is', () => {
    const file = Buffer.from('no CmnD here, and no magic');
    expect(trimIcu(file)).toBe(0);
    expect(file.toString()).toBe('no CmnD here, and no magic');
  });
});

describe('size of a bundle', () => {
  it.each([
    ['nothing', [], null],
    ['just enough', [['a', MOST_BYTES]], null],
    [
      'one byte too many',
      [
        ['a', 1],
        ['node.xz', MOST_BYTES],
      ],
      '50.0 MiB, more than 50.0; the largest file is node.xz (50.0 MiB)',
    ],
  ] as const)('%s', (_, files, expected) => {
    expect(oversize(files)).toBe(expected);
  });

  folderTest('counts files, those of folders too, the largest last', ({ folder }) => {
    mkdirSync(join(folder, 'b'));
    writeFileSync(join(folder, 'b', 'large'), new Uint8Array(9));
    writeFileSync(join(folder, 'small'), new Uint8Array(3));
    expect(filesOf(folder)).toEqual([
      ['small', 3],
      [join('b', 'large'), 9],
    ]);
    expect(oversize(filesOf(folder), 11)).toContain('the largest file is b/large');
  });
});
