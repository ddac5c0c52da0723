import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageSource } from '../../src/run/source.ts';
import { IN_FLIGHT, padToWords, stream } from '../../src/run/stream.ts';

/** Images of one pixel. */
const pixelSource = (count: number, read: ImageSource['read'] = (_, n) => new Uint8Array(n)): ImageSource => ({
  count,
  shape: { channels: 1, height: 1, width: 1 },
  labels: null,
  read,
});

describe('batches under way', () => {
  it('every image once and in order; never more than the slots; no slot is used before it has landed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 20 }), async (count, batch) => {
        const busy = new Set<number>();
        const landed: number[] = [];
        const delivered: number[] = [];
        let most = 0;
        let held = 0;
        const read = async (first: number, n: number) => {
          expect(++held).toBeLessThanOrEqual(IN_FLIGHT + 1);
          await null;
          return Uint8Array.from({ length: n }, (_, i) => first + i);
        };
        await stream(pixelSource(count, read), batch, {
          submit: (pixels, first, size, slot) => {
            expect([...pixels]).toEqual(Array.from({ length: size }, (_, i) => first + i));
            expect(busy.has(slot)).toBe(false);
            busy.add(slot);
            most = Math.max(most, busy.size);
            return { first, size, slot };
          },
          land: async (submitted, first, size) => {
            expect(submitted).toMatchObject({ first, size });
            await null;
            busy.delete(submitted.slot);
            held--;
            for (let n = first; n < first + size; n++) landed.push(n);
            return first + size;
          },
          deliver: (images) => {
            delivered.push(images);
          },
        });
        expect(landed).toEqual([...new Array(count).keys()]);
        expect(most).toBe(Math.min(IN_FLIGHT, Math.ceil(count / batch)));
        expect(delivered).toEqual(Array.from({ length: Math.ceil(count / batch) }, (_, i) => Math.min(count, (i + 1) * batch)));
        expect([busy.size, held]).toEqual([0, 0]);
      }),
      { numRuns: 100, seed: 67 },
    );
  });

  it('the next batch is read while this one is under way, not before', async () => {
    const events: string[] = [];
    const read = (first: number, n: number) => {
      events.push(`read ${first}`);
      return new Uint8Array(n);
    };
    await stream(pixelSource(4, read), 1, {
      submit: (_, first) => events.push(`submit ${first}`),
      land: async (_, first) => events.push(`land ${first}`),
      deliver: () => {},
    });
    expect(events.join(', ')).toBe(
      'read 0, submit 0, read 1, submit 1, read 2, land 0, submit 2, read 3, land 1, submit 3, land 2, land 3',
    );
  });

  it.each(['read', 'submit', 'land', 'deliver'])(
    'an error in %s comes through, after all that was begun has ended',
    async (where) => {
      const open = new Set<number>();
      let reading = 0;
      const fails = (at: string, i: number) => {
        if (at === where && i === 2) throw new Error(`in ${where}`);
      };
      const read = async (first: number, n: number) => {
        reading++;
        await new Promise((resolve) => setTimeout(resolve, 2));
        reading--;
        fails('read', first);
        return new Uint8Array(n);
      };
      const result = stream(pixelSource(10, read), 1, {
        submit: (_, first) => {
          fails('submit', first);
          open.add(first);
          return first;
        },
        land: async (first) => {
          await null;
          open.delete(first);
          fails('land', first);
          return first;
        },
        deliver: async (first) => {
          await null;
          fails('deliver', first);
        },
      });
      await expect(result).rejects.toThrow(`in ${where}`);
      expect([open.size, reading]).toEqual([0, 0]);
    },
  );
});

describe('times of a stream', () => {
  const rest = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it('begin before the first batch, end with the last', async () => {
    const before = performance.now();
    const landed: number[] = [];
    const times = await stream(pixelSource(7), 3, {
      submit: () => {},
      land: async () => {
        await rest(3);
        landed.push(performance.now());
      },
      deliver: () => {},
    });
    expect(landed.length).toBe(3);
    expect(times.begun).toBeGreaterThanOrEqual(before);
    expect(times.begun).toBeLessThanOrEqual(landed[0]);
    expect(times.first).toBeGreaterThanOrEqual(landed[0]);
    expect(times.first).toBeLessThanOrEqual(landed[1]);
    expect(times.last).toBeGreaterThanOrEqual(landed[2]);
  });

  it('no image takes no time', async () => {
    const { begun, first, last } = await stream(pixelSource(0), 1, { submit: () => {}, land: async () => {}, deliver: () => {} });
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
