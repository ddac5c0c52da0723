/**
 * Mutants of sound files of every form: read as what they hold, or refused by name; in either case soon and in little memory. SEED and
 * RUNS in the environment make it another or a longer search.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { BsnnError } from '../../src/errors.ts';
import { damage, damaged } from '../helpers/damage.ts';
import { type Sample, samples } from './samples.ts';
import { folderTest } from './temporary-folder.ts';

const RUNS = Number(process.env.RUNS ?? 700);

/** What a file of some KB may take at most: seconds of processor time, bytes above those that were there. */
const SECONDS = 2;
const BYTES = 512 * 2 ** 20;

interface Counts {
  read: number;
  readonly refused: Map<string, number>;
}

/** Reads a damaged file; anything but its content or a `BsnnError` fails the test. @returns the error's code */
async function outcome({ read, holds }: Sample, folder: string, bytes: Uint8Array): Promise<string | null> {
  const found = await read(folder).catch((error: unknown) => {
    if (!(error instanceof BsnnError)) throw error;
    expect(error.message.length).toBeLessThanOrEqual(2000);
    return error;
  });
  if (found instanceof BsnnError) return found.code;
  if (holds) expect(found).toEqual(holds(Uint8Array.from(bytes)));
  return null;
}

const writeDamaged = async (folder: string, { file, wrap = (x) => x }: Sample, bytes: Uint8Array): Promise<void> =>
  writeFile(join(folder, file), await wrap(bytes));

/** A folder for each sample, with all its files sound; each is then read. */
async function writeSound(folder: string, all: readonly Sample[]): Promise<string[]> {
  const places: string[] = [];
  for (const [i, sample] of all.entries()) {
    const place = join(folder, String(i));
    await mkdir(place);
    for (const [name, content] of Object.entries(sample.others ?? {})) await writeFile(join(place, name), content);
    await writeDamaged(place, sample, sample.bytes);
    expect(await outcome(sample, place, sample.bytes), sample.name).toBeNull();
    places.push(place);
  }
  return places;
}

const seconds = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

folderTest('mutants of data files are read as what they hold, or refused by name', async ({ folder }) => {
  const all = await samples();
  const counts = new Map<string, Counts>(all.map(({ name }) => [name, { read: 0, refused: new Map() }]));
  const places = await writeSound(folder, all);
  const memory = process.resourceUsage().maxRSS;
  let slowest = 0;
  const property = fc.asyncProperty(fc.nat(all.length - 1), damage, async (which, change) => {
    const sample = all[which];
    const bytes = damaged(sample, change);
    await writeDamaged(places[which], sample, bytes);
    const before = process.cpuUsage();
    const code = await outcome(sample, places[which], bytes);
    const taken = seconds(before);
    slowest = Math.max(slowest, taken);
    expect(taken, sample.name).toBeLessThan(SECONDS);
    const count = counts.get(sample.name)!;
    if (code === null) count.read++;
    else count.refused.set(code, (count.refused.get(code) ?? 0) + 1);
  });
  await fc.assert(property, { seed: Number(process.env.SEED ?? 1), numRuns: RUNS });
  const grown = (process.resourceUsage().maxRSS - memory) * 1024;
  const refused = [...counts.values()].map((count) => [...count.refused.values()].reduce((a, b) => a + b, 0));
  if (process.env.RUNS) {
    const rows = [...counts].map(([name, { read, refused: by }]) => [name, { read, ...Object.fromEntries(by) }]);
    console.log(JSON.stringify({ slowest, grown, ...Object.fromEntries(rows) }, null, 1));
  }
  expect(grown).toBeLessThan(BYTES);
  // Each form must have been refused and read, or this tests nothing.
  expect(Math.min(...refused)).toBeGreaterThan(0);
  expect([...counts.values()].filter(({ read }) => read > 0).length).toBeGreaterThan(all.length / 2);
});
