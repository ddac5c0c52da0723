import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectation, IN_FLIGHT, padToWords, stream } from '../../src/run/stream.ts';

describe('batches under way', () => {
  it('every image once and in order; never more than the slots; no slot is used before it has landed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 20 }), async (count, batch) => {
        const busy = new Set<number>();
        const landed: number[] = [];
        const progress: number[] = [];
        let most = 0;
        await stream(
          count,
          batch,
          (first, size, slot) => {
            expect(busy.has(slot)).toBe(false);
            busy.add(slot);
            most = Math.max(most, busy.size);
            return { first, size, slot };
          },
          async (submitted, first, size) => {
            expect(submitted).toMatchObject({ first, size });
            await null;
            busy.delete(submitted.slot);
            for (let n = first; n < first + size; n++) landed.push(n);
          },
          (images) => progress.push(images),
        );
        expect(landed).toEqual([...new Array(count).keys()]);
        expect(most).toBe(Math.min(IN_FLIGHT, Math.ceil(count / batch)));
        expect(progress).toEqual(Array.from({ length: Math.ceil(count / batch) }, (_, i) => Math.min(count, (i + 1) * batch)));
        expect(busy.size).toBe(0);
      }),
      { numRuns: 100, seed: 67 },
    );
  });

  it.each(['submit', 'land', 'progress'])(
    'an error in %s comes through, after all that was submitted has landed',
    async (where) => {
      const open = new Set<number>();
      const fails = (at: string, i: number) => {
        if (at === where && i === 2) throw new Error(`in ${where}`);
      };
      const result = stream(
        10,
        1,
        (first) => {
          fails('submit', first);
          open.add(first);
          return first;
        },
        async (first) => {
          await null;
          open.delete(first);
          fails('land', first);
        },
        (images) => fails('progress', images - 1),
      );
      await expect(result).rejects.toThrow(`in ${where}`);
      expect(open.size).toBe(0);
    },
  );
});

describe('what to expect of the next batch', () => {
  it.each([
    ['the first: half of what it took while it was polled', 0, 10, false, 5],
    ['as long as the last', 10, 10, false, 10],
    ['faster', 10, 4, false, 4],
    ['held up: a quarter more at most', 10, 100, false, 12.5],
    ['slept through: less, whatever the clock says', 10, 100, true, 6],
  ])('%s', (_, expected, taken, overslept, next) => {
    expect(expectation(expected, taken, overslept)).toBe(next);
  });

  it('from any start it comes to the batches’ true time, and never sleeps through more than one of them for long', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1000, noNaN: true }), (start) => {
        let expected = start;
        for (let i = 0; i < 40; i++) expected = expectation(expected, 1, 0.9 * expected > 1);
        expect(expected).toBeGreaterThan(0.6);
        expect(expected).toBeLessThanOrEqual(1.25);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});

describe('times of a stream', () => {
  const rest = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it('begin before the first batch, end with the last', async () => {
    const before = performance.now();
    const landed: number[] = [];
    const times = await stream(
      7,
      3,
      () => {},
      async () => {
        await rest(3);
        landed.push(performance.now());
      },
    );
    expect(landed.length).toBe(3);
    expect(times.begun).toBeGreaterThanOrEqual(before);
    expect(times.begun).toBeLessThanOrEqual(landed[0]);
    expect(times.first).toBeGreaterThanOrEqual(landed[0]);
    expect(times.first).toBeLessThanOrEqual(landed[1]);
    expect(times.last).toBeGreaterThanOrEqual(landed[2]);
  });

  it('no image takes no time', async () => {
    const { begun, first, last } = await stream(
      0,
      1,
      () => {},
      async () => {},
    );
    expect([first, last]).toEqual([begun, begun]);
  });
});

describe('uploads in whole words', () => {
  it.each([0, 1, 3, 4, 7, 8])('%i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i + 1);
    const padded = padToWords(bytes);
    expect(padded.length).toBe(Math.ceil(length / 4) * 4);
    expect([...padded.subarray(0, length)]).toEqual([...bytes]);
    expect(padded.subarray(length).every((b) => b === 0)).toBe(true);
  });

  it('whole words are not copied; shared memory is', () => {
    const bytes = new Uint8Array(8);
    expect(padToWords(bytes)).toBe(bytes);
    const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(3);
    expect(padToWords(shared).buffer).toBeInstanceOf(ArrayBuffer);
    expect([...padToWords(shared)]).toEqual([...shared]);
  });
});
