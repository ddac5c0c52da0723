/**
 * Mutants of saved networks, in bytes and, with a digest that is right again, in their text, their tables and their arrays: refused by
 * name, or a network that the two references compute alike and that is equal to itself once it is saved again. SEED and RUNS in the
 * environment make it another or a longer search.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BsnnError } from '../../src/errors.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { readSavedNetwork, type SavedNetwork } from '../../src/network/saved/load.ts';
import { saveNetwork } from '../../src/network/saved/save.ts';
import { layerMacs } from '../../src/network/work.ts';
import { simulate } from '../../src/reference/simulate.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { type Damage, damage, damaged } from '../helpers/damage.ts';
import { type Recipe, randomNetwork, randomPixels } from '../helpers/random-network.ts';
import { openFile, type SavedFile, signed } from './saved-file.ts';

const RUNS = Number(process.env.RUNS ?? 300);

/** What reading a file of some KB may take at most: seconds of processor time, bytes above those that were there. */
const SECONDS = 2;
const BYTES = 512 * 2 ** 20;

/** Multiply-adds of a network that is computed: others take too long here. */
const COMPUTED = 2e5;

const recipe = (seed: number, more: Partial<Recipe> = {}): Recipe => ({
  ...{ seed, layers: 4, channels: 5, size: 5, phaseBits: 3, waves: 2, initial: 'half' },
  ...more,
});
const BASES = [
  recipe(7),
  recipe(8, { byDepth: true }),
  recipe(12, { perChannel: true, initial: 'zero' }),
  recipe(5, { layers: 6 }),
];
const FILES = await Promise.all(BASES.map((one) => saveNetwork(randomNetwork(one))));

type Place = 'file' | 'network' | 'header' | 'data';
const mutation = fc.record({
  which: fc.nat(FILES.length - 1),
  place: fc.constantFrom<Place>('file', 'network', 'network', 'network', 'header', 'data', 'data'),
  change: damage,
});

const changedText = (text: string, change: Damage): string => {
  const bytes = Buffer.from(text);
  return Buffer.from(damaged({ bytes, text: [0, bytes.length] }, change)).toString();
};

/** A file with a change in one of its places; where that is not the file as a whole, it is signed again. */
function mutant(bytes: Uint8Array, place: Place, change: Damage): Uint8Array {
  if (place === 'file') return damaged({ bytes, numbers: [{ at: 0, size: 8, order: 'little' }], text: [8, bytes.length] }, change);
  const { header, data } = openFile(bytes);
  const { __metadata__: texts, ...entries } = header;
  if (place === 'data') {
    const numbers = Array.from({ length: data.length / 4 }, (_, i) => ({ at: 4 * i, size: 4, order: 'little' }) as const);
    const inPlace = change.bytes.filter(({ what }) => what === 'flip' || what === 'fill');
    return signed({ header, data: damaged({ bytes: data, numbers }, { ...change, bytes: inPlace }) });
  }
  if (place === 'network') {
    return signed({ header: { ...header, __metadata__: { ...texts, network: changedText(texts.network, change) } }, data });
  }
  return signed({ header: { ...parsed(changedText(JSON.stringify(entries), change)), __metadata__: texts }, data });
}

/** What a text of a header says; one that is no JSON is left to the other tests of damage. */
function parsed(text: string): SavedFile['header'] {
  try {
    return JSON.parse(text);
  } catch {
    return {} as SavedFile['header'];
  }
}

async function read(bytes: Uint8Array): Promise<SavedNetwork | string> {
  try {
    return await readSavedNetwork(bytes);
  } catch (error) {
    if (!(error instanceof BsnnError)) throw error;
    expect(error.message.length).toBeLessThanOrEqual(2000);
    return error.code;
  }
}

const macs = ({ layers }: SpikingNetwork) => layers.reduce((sum, layer) => sum + (layer.kind === 'pool' ? 0 : layerMacs(layer)), 0);

/** The two references agree on a few pixels, and no potential is anything but a number. */
function compute(network: SpikingNetwork): void {
  const pixels = randomPixels(network.input.shape, 1, 3);
  const whole = windowed(network, pixels, 2);
  for (const potentials of whole.potentials) expect(potentials.every(Number.isSafeInteger)).toBe(true);
  expect(simulate(network, pixels, 2)).toEqual(whole);
}

it('mutants are refused by name, or are networks as any other', async () => {
  const codes = new Map<string, number>();
  const seen = { read: 0, other: 0, computed: 0, slowest: 0 };
  const memory = process.resourceUsage().maxRSS;
  const property = fc.asyncProperty(mutation, async ({ which, place, change }) => {
    const bytes = mutant(FILES[which], place, change);
    const before = process.cpuUsage();
    const found = await read(bytes);
    const { user, system } = process.cpuUsage(before);
    seen.slowest = Math.max(seen.slowest, (user + system) / 1e6);
    expect((user + system) / 1e6).toBeLessThan(SECONDS);
    if (typeof found === 'string') {
      codes.set(found, (codes.get(found) ?? 0) + 1);
      return;
    }
    seen.read++;
    const again = await saveNetwork(found.network, found.about);
    expect((await readSavedNetwork(again)).network).toStrictEqual(found.network);
    if (Buffer.compare(again, FILES[which]) !== 0) seen.other++;
    if (macs(found.network) > COMPUTED || found.network.neuron.name !== 'bistable') return;
    seen.computed++;
    compute(found.network);
  });
  await fc.assert(property, { seed: Number(process.env.SEED ?? 1), numRuns: RUNS });
  const grown = (process.resourceUsage().maxRSS - memory) * 1024;
  if (process.env.RUNS) console.log({ ...seen, grown, codes: Object.fromEntries(codes) });
  expect(grown).toBeLessThan(BYTES);
  // Enough must have been other networks that are sound, and refused in many ways, or this test tests nothing.
  expect(seen.other).toBeGreaterThan(RUNS / 20);
  expect(seen.computed).toBeGreaterThan(RUNS / 20);
  expect(codes.size).toBeGreaterThan(5);
});
