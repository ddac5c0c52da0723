import { describe, expect, it } from 'vitest';
import { type ArchitectureRow, cells, faults, HEAD } from '../../bench/architectures/row.ts';

const MIB = 2 ** 20;
const plan = { batch: 1, bytes: 2048 * MIB, binding: 128 * MIB };
/** Everything at its bounds. */
const row: ArchitectureRow = {
  name: 'Net',
  fileBytes: 10 * MIB,
  multiplyAdds: 300e6,
  imported: 630e6,
  layers: 71,
  importing: { seconds: 2, bytes: 522 * MIB },
  trained: plan,
  one: plan,
  most: plan,
  convertSeconds: 8,
  exact: {
    ...{ compared: 6_879_463, different: 0, silent: 0, spikesPerWord: 0.79 },
    ...{ compileSeconds: 0.6, runSeconds: 0.3, referenceSeconds: 5.5 },
  },
};

describe('a row of bench/architectures', () => {
  it('is a line of the table', () => {
    const line = Object.fromEntries(HEAD.map((title, i) => [title, cells(row)[i]]));
    expect(cells(row).length).toBe(HEAD.length);
    expect(line).toMatchObject({ network: 'Net', imported: '630', ratio: '2.100', compared: '6,879,463', different: '0' });
  });

  it('has no faults at its bounds', () => {
    expect(faults(row)).toEqual([]);
  });

  it.each<[string, Partial<ArchitectureRow>, RegExp]>([
    ['a binding', { most: { ...plan, binding: 128 * MIB + 1 } }, /a binding/],
    ['memory', { trained: { ...plan, bytes: 2048 * MIB + 1 } }, /2 GiB/],
    ['time of importing', { importing: { ...row.importing, seconds: 2.1 } }, /2 s/],
    ['memory of importing', { importing: { ...row.importing, bytes: 522 * MIB + 1 } }, /512 MiB/],
    ['a difference', { exact: { ...row.exact, different: 1 } }, /1 of 6879463 numbers differ/],
    ['silence', { exact: { ...row.exact, silent: 1 } }, /silent/],
  ])('names what is wrong: %s', (_, change, text) => {
    const found = faults({ ...row, ...change });
    expect(found).toEqual([expect.stringMatching(text)]);
    expect(found[0]).toMatch(/^Net: /);
  });
});
