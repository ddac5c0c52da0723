import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Lifetime, place } from '../../src/plan/arena.ts';

const lifetimes = fc.array(
  fc
    .record({ size: fc.integer({ min: 0, max: 1000 }), a: fc.integer({ min: -1, max: 20 }), b: fc.integer({ min: -1, max: 20 }) })
    .map(({ size, a, b }): Lifetime => ({ size, from: Math.min(a, b), to: Math.max(a, b) })),
  { maxLength: 30 },
);

/** Sizes alive at the busiest moment: no placement needs less. */
const busiest = (items: readonly Lifetime[]): number =>
  Math.max(
    0,
    ...items.map(({ from }) => items.filter((o) => o.from <= from && o.to >= from).reduce((sum, { size }) => sum + size, 0)),
  );

describe('placement in the arena', () => {
  it('no two that live at the same time overlap; the size holds all and wastes no more than their sum', () => {
    fc.assert(
      fc.property(lifetimes, (items) => {
        const { offsets, size } = place(items);
        expect(offsets.length).toBe(items.length);
        items.forEach((a, i) => {
          expect(offsets[i]).toBeGreaterThanOrEqual(0);
          expect(offsets[i] + a.size).toBeLessThanOrEqual(size);
          items.slice(i + 1).forEach((b, rest) => {
            const j = i + 1 + rest;
            const together = a.from <= b.to && b.from <= a.to;
            const overlap = offsets[i] < offsets[j] + b.size && offsets[j] < offsets[i] + a.size && a.size > 0 && b.size > 0;
            expect(together && overlap, `${i} and ${j}`).toBe(false);
          });
        });
        expect(size).toBeLessThanOrEqual(items.reduce((sum, item) => sum + item.size, 0));
        expect(size).toBeGreaterThanOrEqual(busiest(items));
      }),
      { numRuns: 500, seed: 31 },
    );
  });

  it('is pure: the same lifetimes give the same places, and stay as they are', () => {
    fc.assert(
      fc.property(lifetimes, (items) => {
        const before = structuredClone(items);
        expect(place(items)).toEqual(place(items));
        expect(items).toEqual(before);
      }),
      { numRuns: 50, seed: 37 },
    );
  });

  it('what never lives at the same time shares one place', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const { offsets, size } = place(sizes.map((s, i) => ({ size: s, from: i, to: i })));
        expect(size).toBe(Math.max(...sizes));
        expect(offsets.every((o) => o === 0)).toBe(true);
      }),
      { numRuns: 100, seed: 41 },
    );
  });

  it.each([
    { row: 'nothing', items: [], size: 0 },
    { row: 'one', items: [[5, 0, 0]], size: 5 },
    {
      row: 'a chain of equal layers needs two of them',
      items: [
        [5, 0, 1],
        [5, 1, 2],
        [5, 2, 3],
        [5, 3, 4],
      ],
      size: 10,
    },
    {
      row: 'a shortcut keeps a third one alive',
      items: [
        [5, 0, 3],
        [5, 1, 2],
        [5, 2, 3],
        [5, 3, 4],
      ],
      size: 15,
    },
    {
      row: 'lifetimes that touch in one dispatch count as both alive',
      items: [
        [5, 0, 1],
        [7, 1, 1],
      ],
      size: 12,
    },
    {
      row: 'a small one fits the hole between two large ones',
      items: [
        [8, 0, 1],
        [8, 0, 3],
        [4, 2, 3],
      ],
      size: 16,
    },
  ])('$row', ({ items, size }) => {
    expect(place(items.map(([s, from, to]) => ({ size: s, from, to }))).size).toBe(size);
  });
});
