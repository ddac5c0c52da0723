import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BsnnError, ModelFormatError } from '../../src/errors.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { loadNetwork, readSavedNetwork } from '../../src/network/saved/load.ts';
import { saveNetwork } from '../../src/network/saved/save.ts';
import type { Timetable } from '../../src/network/timetable.ts';
import { randomNetwork } from '../helpers/random-network.ts';
import { fileOf, openFile, type SavedFile, signed, type TensorEntry } from './saved-file.ts';

const NETWORK = randomNetwork({ seed: 7, layers: 3, channels: 6, size: 6, phaseBits: 4, waves: 2, initial: 'half' });
const BYTES = await saveNetwork(NETWORK);

const refusal = (bytes: Uint8Array): Promise<unknown> =>
  readSavedNetwork(bytes, 'net.bsnn').then(
    () => null,
    (error: unknown) => error,
  );

/** The refusal of bytes: one line that names the file. */
async function expectRefused(bytes: Uint8Array, code: string, message: RegExp): Promise<void> {
  const error = await refusal(bytes);
  expect(error).toBeInstanceOf(ModelFormatError);
  expect(error).toMatchObject({ code, where: 'net.bsnn', message: expect.stringMatching(message) });
}

type Node = Record<string, unknown>;

/** Every value within plain data, by what holds it; not within marks of arrays. */
const nodesOf = (owner: Node): [Node, string][] =>
  Object.keys(owner).flatMap((key): [Node, string][] => {
    const value = owner[key];
    const inner = typeof value === 'object' && value !== null && !('$tensor' in value);
    return [[owner, key], ...(inner ? nodesOf(value as Node) : [])];
  });

describe('a file that was changed after it was written', () => {
  it('is refused wherever a bit is another', async () => {
    const places = fc.integer({ min: 0, max: BYTES.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(places, async (bit) => {
        const bytes = BYTES.slice();
        bytes[bit >> 3] ^= 1 << (bit & 7);
        expect(await refusal(bytes)).toBeInstanceOf(ModelFormatError);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a weight', (file: SavedFile) => file.data.set([file.data[file.data.length - 1] ^ 1], file.data.length - 1)],
    [
      'a mean, which no rule is about',
      ({ header: { __metadata__: texts } }: SavedFile) => {
        texts.network = texts.network.replace(/"mean":\[/, '"mean":[1');
      },
    ],
  ])('is refused by its digest: %s', async (_, change) => {
    const file = openFile(BYTES);
    change(file);
    await expectRefused(fileOf(JSON.stringify(file.header), file.data), 'network-digest', /was changed: its SHA-256 is not/);
  });

  it('is refused without a digest', async () => {
    const { header, data } = openFile(BYTES);
    const { sha256: _, ...texts } = header.__metadata__;
    await expectRefused(
      fileOf(JSON.stringify({ ...header, __metadata__: texts }), data),
      'network-digest',
      /has no digest of itself/,
    );
  });

  it('is refused wherever it ends too soon', async () => {
    const lengths = fc.integer({ min: 0, max: BYTES.length - 1 });
    await fc.assert(
      fc.asyncProperty(lengths, (length) => expectRefused(BYTES.slice(0, length), 'network-truncated', /has \d+ bytes/)),
      { numRuns: 100 },
    );
  });

  it('is refused with bytes behind its end', () =>
    expectRefused(Uint8Array.from([...BYTES, 0]), 'network-tensor', /has 1 bytes more than its arrays/));
});

describe('a file of another kind', () => {
  const headerOf = (length: bigint) => {
    const bytes = BYTES.slice();
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return bytes;
  };
  it.each<[string, Uint8Array, string, RegExp]>([
    ['no bytes', new Uint8Array(0), 'network-truncated', /has 0 bytes, too few/],
    ['an absurd header', headerOf(2n ** 63n), 'network-file', /header would have 9223372036854775808 bytes/],
    ['a header beyond the end', headerOf(BigInt(BYTES.length)), 'network-truncated', /its header ends after/],
    ['a header of no letters', Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), 'network-file', /is no text/],
    ['a header that is no JSON', fileOf('{"a":'), 'network-text', /its header is not JSON/],
    ['a header that is a list', fileOf('[]'), 'network-file', /its header is no object/],
    ['weights of something else', fileOf('{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'), 'network-file', /__metadata__/],
    ['another format', fileOf('{"__metadata__":{"format":"pt"}}'), 'network-file', /its format is not "bsnn"/],
    ['texts that are none', fileOf('{"__metadata__":{"format":1}}'), 'network-file', /does not hold texts/],
    [
      'a later version',
      fileOf('{"__metadata__":{"format":"bsnn","version":"2"}}'),
      'network-version',
      /is of version "2", and "1"/,
    ],
    ['no version', fileOf('{"__metadata__":{"format":"bsnn"}}'), 'network-version', /is of version undefined/],
    ['brackets without end', fileOf('{"a":'.repeat(1e6)), 'network-text', /more than 32 brackets within brackets/],
  ])('is refused: %s', (_, bytes, code, message) => expectRefused(bytes, code, message));
});

describe('a file with a right digest that lies', () => {
  const NAME = 'layers.0.bias';
  const entry = ({ header }: SavedFile, name = NAME) => header[name] as TensorEntry;
  const inNetwork =
    (change: (text: string) => string) =>
    ({ header: { __metadata__: texts } }: SavedFile) => {
      texts.network = change(texts.network);
    };

  it.each<[string, (file: SavedFile) => void, string, RegExp]>([
    ['an unknown kind', (f) => Object.assign(entry(f), { dtype: 'BF16' }), 'network-tensor', /is of kind "BF16", not one of I8/],
    ['a kind of objects', (f) => Object.assign(entry(f), { dtype: 'toString' }), 'network-tensor', /is of kind "toString"/],
    ['another shape', (f) => Object.assign(entry(f), { shape: [1000] }), 'network-tensor', /bytes, its shape needs 4000/],
    ['a shape of no number', (f) => Object.assign(entry(f), { shape: [-1] }), 'network-tensor', /a shape that is not one length/],
    ['a place behind its end', (f) => entry(f).data_offsets.reverse(), 'network-tensor', /has no place in the data/],
    ['no description', (f) => Object.assign(f.header, { [NAME]: null }), 'network-tensor', /"layers\.0\.bias" is not described/],
    [
      'bytes that are another’s',
      (f) => Object.assign(entry(f), { data_offsets: entry(f).data_offsets.map((at) => at - 1) }),
      'network-tensor',
      /overlap those of another/,
    ],
    [
      'bytes beyond the end',
      (f) => Object.assign(f.header, { more: { dtype: 'U8', shape: [9e9], data_offsets: [f.data.length, f.data.length + 9e9] } }),
      'network-truncated',
      /bytes of arrays, and its header speaks of/,
    ],
    [
      'a gap',
      (f) => Object.assign(f.header, { more: { dtype: 'U8', shape: [0], data_offsets: [2 ** 40, 2 ** 40] } }),
      'network-tensor',
      /leave a gap/,
    ],
    [
      'an array that nobody names',
      (f) => Object.assign(f.header, { more: { dtype: 'U8', shape: [0], data_offsets: [0, 0] } }),
      'network-text',
      /"more" is named nowhere/,
    ],
    ['an array that is not there', (f) => delete f.header[NAME], 'network-tensor', /gap/],
    ['an array elsewhere', inNetwork((t) => t.replace(NAME, 'layers.1.bias')), 'network-text', /layers\.0\.bias has "\$tensor"/],
    ['a prototype', inNetwork((t) => t.replace('{', '{"__proto__":{"version":1},')), 'network-text', /has "__proto__"/],
    ['no network', (f) => delete f.header.__metadata__.network, 'network-file', /has no text of a network/],
    ['a network of brackets', inNetwork(() => '['.repeat(1e6)), 'network-text', /its text has more than 32 brackets/],
    ['a network that is no JSON', inNetwork((t) => t.slice(1)), 'network-text', /its text is not JSON/],
    [
      'what is known is a number',
      (f) => Object.assign(f.header.__metadata__, { about: '1' }),
      'network-text',
      /about is no object/,
    ],
    [
      'classes that are no names',
      (f) => Object.assign(f.header.__metadata__, { about: '{"classes":[1]}' }),
      'network-text',
      /about\.classes is no list of names/,
    ],
    [
      'a mean of nobody',
      (f) => Object.assign(f.header.__metadata__, { about: '{"normalization":{"mean":[0],"std":[1]}}' }),
      'network-text',
      /about\.normalization is no mean and std/,
    ],
    [
      'a calibration of nothing',
      (f) => Object.assign(f.header.__metadata__, { about: '{"calibration":{"images":1}}' }),
      'network-text',
      /about\.calibration does not say/,
    ],
  ])('is refused: %s', async (_, change, code, message) => {
    const file = openFile(BYTES);
    change(file);
    await expectRefused(signed(file), code, message);
  });

  it.each<[string, (network: Record<string, unknown>) => void, RegExp]>([
    ['a network of a later version', (n) => Object.assign(n, { version: 2 }), /is of version 2, not 1/],
    ['another K', (n) => Object.assign((n.timetable as Timetable).layers[1], { phases: 5 }), /spans of depth 1/],
    ['a layer less', (n) => (n.layers as unknown[]).splice(0, 1, null), /is of kind "undefined"/],
  ])('breaks a rule of exactness, which is the error: %s', async (_, change, message) => {
    const file = openFile(BYTES);
    const texts = file.header.__metadata__;
    const network = JSON.parse(texts.network);
    change(network);
    // arrays that are not named any more are not there
    const named = new Set([...JSON.stringify(network).matchAll(/"\$tensor":"([^"]+)"/g)].map(([, name]) => name));
    texts.network = JSON.stringify(network);
    const kept = Object.entries(file.header).filter(([name]) => name === '__metadata__' || named.has(name));
    let at = 0;
    const parts: Uint8Array[] = [];
    for (const [name, one] of kept) {
      if (name === '__metadata__') continue;
      const entry = one as TensorEntry;
      const bytes = file.data.slice(...(entry.data_offsets as [number, number]));
      entry.data_offsets = [at, at + bytes.length];
      at += bytes.length;
      parts.push(bytes);
    }
    const header = Object.fromEntries(kept) as SavedFile['header'];
    const bytes = signed({ header, data: Uint8Array.from(parts.flatMap((part) => [...part])) });
    expect(await refusal(bytes)).toMatchObject({ code: 'unsound-network', message: expect.stringMatching(message) });
  });

  it('is refused or read, never a fault, whatever stands in its network', async () => {
    const text = openFile(BYTES).header.__metadata__.network;
    const values = fc.constantFrom(null, -1, 0, 1.5, 1e300, 'x', true, [], {}, [[]], [null], { $number: 'NaN' }, { $number: '-0' });
    await fc.assert(
      fc.asyncProperty(fc.nat(), values, async (place, value) => {
        const file = openFile(BYTES);
        const network = JSON.parse(text);
        const nodes = nodesOf(network);
        const [owner, key] = nodes[place % nodes.length];
        owner[key] = value;
        file.header.__metadata__.network = JSON.stringify(network);
        const error = await refusal(signed(file));
        if (error !== null) expect(error).toBeInstanceOf(BsnnError);
      }),
      { numRuns: 400 },
    );
  });

  it('is read where it does not lie, by whoever it was written', async () => {
    expect(await loadNetwork(signed(openFile(BYTES)))).toStrictEqual<SpikingNetwork>(NETWORK);
  });
});
