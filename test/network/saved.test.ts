import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import type { SpikingNetwork } from '../../src/network/network.ts';
import { loadNetwork, readSavedNetwork } from '../../src/network/saved/load.ts';
import { LIBRARY_VERSION, saveNetwork } from '../../src/network/saved/save.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { type Recipe, randomNetwork, randomPixels, recipes, recipesByDepth } from '../helpers/random-network.ts';
import { extremes } from './extremes.ts';
import { openFile, signed, type TensorEntry } from './saved-file.ts';

const RECIPE: Recipe = { seed: 7, layers: 3, channels: 6, size: 6, phaseBits: 4, waves: 2, initial: 'half' };
const NETWORK = randomNetwork(RECIPE);

/** The network comes back as it was, and the bits of its run with it. */
async function expectSame(network: SpikingNetwork, { seed, waves }: Recipe): Promise<void> {
  const loaded = await loadNetwork(await saveNetwork(network));
  expect(loaded).toStrictEqual(network);
  const pixels = randomPixels(network.input.shape, 1, seed);
  expect(windowed(loaded, pixels, waves)).toStrictEqual(windowed(network, pixels, waves));
}

describe('a network that is saved and loaded', () => {
  it.each([
    ['of one K', recipes, (network: SpikingNetwork) => network],
    ['of K by depth', recipesByDepth, (network: SpikingNetwork) => network],
    ['of extremes', recipesByDepth, extremes],
  ])('is its equal, and runs ===: %s', async (_, drawn, change) => {
    const small = drawn.filter(({ channels, size }) => channels <= 12 && size <= 8);
    await fc.assert(
      fc.asyncProperty(small, (recipe) => expectSame(change(randomNetwork(recipe), recipe.seed), recipe)),
      { numRuns: 25 },
    );
  });

  it('keeps what is known of it, other fields, names of all letters, and numbers that JSON does not have', async () => {
    const about = {
      classes: Array.from({ length: NETWORK.layers.at(-1)!.shape.channels }, (_, c) => `Klasse ${c} "ß\\" 𝛌`),
      normalization: { mean: [-0], std: [0.1 + 0.2], meanFrom: 'sidecar', stdFrom: 'options' },
      calibration: {
        dataset: 'mnist',
        images: 500,
        origin: 'training',
        scale: 'percentile',
        percentile: 99.9,
        perChannel: false,
        correctBias: false,
      },
    } as const;
    const network = {
      ...NETWORK,
      name: '"sha256":"\ud800 λ',
      later: { least: Number.NEGATIVE_INFINITY, none: Number.NaN, zero: -0, list: [new Float32Array([1, -0]), new Uint8Array(0)] },
      kinds: [Int8Array.of(-1), Uint8Array.of(255), Int16Array.of(-300), Int32Array.of(2 ** 30), Float64Array.of(0.1)],
    };
    const saved = await readSavedNetwork(await saveNetwork(network, about));
    expect(saved).toStrictEqual({ network, about, library: packageFile.version });
  });

  it('knows nothing of what nobody said', async () => {
    const { about } = await readSavedNetwork(await saveNetwork(NETWORK));
    expect(about).toEqual({ classes: null, normalization: null, calibration: null });
  });

  it('is read from the middle of a buffer, and has arrays of its own', async () => {
    const bytes = await saveNetwork(NETWORK);
    const shifted = new Uint8Array(bytes.length + 9).subarray(3, 3 + bytes.length);
    shifted.set(bytes);
    const loaded = await loadNetwork(shifted);
    shifted.fill(0);
    expect(loaded).toStrictEqual(NETWORK);
    expect(await loadNetwork(Buffer.from(Buffer.from([1, ...bytes]).subarray(1)))).toStrictEqual(NETWORK);
  });

  it('gives the same bytes each time; arrays are aligned', async () => {
    const bytes = await saveNetwork(NETWORK);
    expect(await saveNetwork(structuredClone(NETWORK))).toEqual(bytes);
    const { header, data } = openFile(bytes);
    expect((bytes.length - data.length) % 8).toBe(0);
    const { __metadata__: _, ...tensors } = header;
    for (const { dtype, data_offsets: offsets } of Object.values(tensors) as TensorEntry[]) {
      expect((offsets[0] * 8) % Number(dtype.slice(1))).toBe(0);
    }
    expect(signed(openFile(bytes)).length).toBeLessThanOrEqual(bytes.length);
  });

  it('names the release of the package', () => expect(LIBRARY_VERSION).toBe(packageFile.version));
});

describe('saveNetwork refuses', () => {
  const circle: Record<string, unknown> = {};
  circle.again = circle;
  it.each<[string, object, RegExp]>([
    ['a function', { f: () => 1 }, /f is a function/],
    ['a map', { f: { g: new Map() } }, /f\.g is a object, or an object of a class/],
    ['a circle', { circle }, /is too deep, or a circle/],
    ['an array of words', { words: new Uint32Array(1) }, /words is of a kind that is not saved \(Uint32Array\)/],
    ['a mark of the form', { a: { $tensor: 'x' } }, /a has the key "\$tensor"/],
    ['a prototype', { a: JSON.parse('{"__proto__": 1}') }, /a has the key "__proto__"/],
    ['two arrays of one name', { a: { b: new Int8Array(1) }, 'a.b': new Int8Array(1) }, /a\.b is the name of two arrays/],
  ])('%s', async (_, more, message) => {
    await expect(saveNetwork({ ...NETWORK, ...more })).rejects.toThrow(message);
    await expect(saveNetwork({ ...NETWORK, ...more })).rejects.toMatchObject({ code: 'network-value', name: 'ModelFormatError' });
  });

  it('a network that is not sound', async () => {
    await expect(saveNetwork({ ...NETWORK, timetable: { ...NETWORK.timetable, period: 3 } })).rejects.toMatchObject({
      code: 'unsound-network',
    });
  });

  it('names of another number of classes', async () => {
    await expect(saveNetwork(NETWORK, { classes: ['one'] })).rejects.toThrow(/about\.classes does not have \d+ names/);
  });
});
