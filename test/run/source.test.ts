import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataSetError, OptionError } from '../../src/errors.ts';
import {
  checkSource,
  concatSources,
  eachBatch,
  type ImageSource,
  pixelsSource,
  readImages,
  sliceSource,
  sourceLike,
} from '../../src/run/source.ts';

const shape = { channels: 2, height: 1, width: 3 };
const SIZE = 6;

/** Images whose pixels all are the image's number; labels the same. */
const numbered = (count: number, first = 0) =>
  pixelsSource(
    Uint8Array.from({ length: count * SIZE }, (_, i) => first + Math.floor(i / SIZE)),
    shape,
    Array.from({ length: count }, (_, i) => first + i),
  );

/** The numbers of the images in some pixels. */
const numbersOf = (pixels: Uint8Array) => Array.from({ length: pixels.length / SIZE }, (_, n) => pixels[n * SIZE]);

describe('sources', () => {
  it('one like another is so also of an instance of a class, whose members lie in its prototype', async () => {
    class Table implements ImageSource {
      readonly #offset = 40;
      get count() {
        return 3;
      }
      get shape() {
        return shape;
      }
      get labels() {
        return [7, 8, 9];
      }
      read(first: number, count: number) {
        return numbered(count, this.#offset + first).read(0, count);
      }
    }
    const like = sourceLike(new Table(), { labels: [1, 2, 3] });
    expect(like).toMatchObject({ count: 3, shape, labels: [1, 2, 3] });
    expect(numbersOf(await like.read(1, 2))).toEqual([41, 42]);
    expect(sourceLike(new Table(), {}).labels).toEqual([7, 8, 9]);
  });

  it('a slice and a joint read what arrays would', async () => {
    const few = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(few, few, fc.nat(20), fc.nat(20), fc.nat(20), async (a, b, x, y, z) => {
        const joint = concatSources(numbered(a), numbered(b, 100));
        const all = [...Array(a).keys(), ...Array.from({ length: b }, (_, i) => 100 + i)];
        expect(joint.count).toBe(all.length);
        expect(joint.labels).toEqual(all);
        const first = x % all.length;
        const count = y % (all.length - first + 1);
        const slice = sliceSource(joint, first, count);
        expect(slice.count).toBe(count);
        expect(slice.labels).toEqual(all.slice(first, first + count));
        const from = count === 0 ? 0 : z % count;
        if (count > 0) {
          expect(numbersOf(await readImages(slice, from, count - from))).toEqual(all.slice(first + from, first + count));
        }
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  it('without labels they have none', () => {
    const plain = pixelsSource(new Uint8Array(SIZE), shape);
    expect(plain.labels).toBeNull();
    expect(sliceSource(plain, 0, 1).labels).toBeNull();
    expect(concatSources(plain, numbered(1)).labels).toBeNull();
  });

  it.each([
    ['fewer labels than images', () => pixelsSource(new Uint8Array(2 * SIZE), shape, [0]), /labels: are 1 for 2 images/],
    ['part of an image', () => pixelsSource(new Uint8Array(SIZE + 1), shape), /images: 7 bytes are not a whole number/],
    ['a slice beyond the end', () => sliceSource(numbered(4), 2, 3), /3 images from 2 on are not all within the source's 4/],
    ['a slice of half an image', () => sliceSource(numbered(4), 0, 1.5), /count: 1.5 is not an integer/],
    [
      'two shapes',
      () => concatSources(numbered(1), pixelsSource(new Uint8Array(3), { ...shape, channels: 1 })),
      /are of 2 × 1 × 3 and of 1 × 1 × 3/,
    ],
  ])('%s: refused', (_, make, message) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });
});

describe('checkSource', () => {
  it('takes images of the shape, or as many pixels for a vector', () => {
    checkSource(numbered(1), shape);
    checkSource(numbered(1), { channels: 6, height: 1, width: 1 });
  });

  it.each([
    ['another shape', numbered(1), /are of 2 × 1 × 3, the network takes 3 × 1 × 2/],
    ['a broken count', { ...numbered(1), count: 1.5 }, /count 1.5 is not a number of images/],
    ['no count', { ...numbered(1), count: Number.NaN }, /count NaN/],
    ['bytes', new Uint8Array(6) as unknown as ImageSource, /are bytes, a source is needed; see pixelsSource/],
    ['nothing', undefined as unknown as ImageSource, /have no function "read"/],
  ])('refuses %s', (_, source, message) => {
    expect(() => checkSource(source, { channels: 3, height: 1, width: 2 })).toThrow(OptionError);
    expect(() => checkSource(source, { channels: 3, height: 1, width: 2 })).toThrow(message);
  });
});

describe('readImages', () => {
  const own = (read: unknown): ImageSource => ({ count: 9, shape, labels: null, read: read as ImageSource['read'] });

  it.each<[string, unknown, RegExp]>([
    ['too short', () => new Uint8Array(11), /came as 11 bytes, 2 images of 2 × 1 × 3 are 12/],
    ['too long', async () => new Uint8Array(18), /came as 18 bytes/],
    ['no bytes', () => new Float32Array(12), /did not come as a Uint8Array/],
    ['nothing', () => undefined, /did not come as a Uint8Array/],
    ['a rejection', () => Promise.reject(new Error('disk on fire')), /cannot be read \(disk on fire\)/],
    [
      'a throw of no error',
      () => {
        throw 'smoke';
      },
      /cannot be read \(smoke\)/,
    ],
  ])('%s: refused by images', async (_, read, message) => {
    const error = await readImages(own(read), 4, 2).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).where).toBe('source of images, images 4 to 5 of 9');
    expect((error as OptionError).message).toMatch(message);
  });

  it('an error of the library comes through as it is', async () => {
    const damaged = new DataSetError('data-corrupt', 'a.jpg', 'is no picture', '');
    await expect(
      readImages(
        own(() => Promise.reject(damaged)),
        0,
        1,
      ),
    ).rejects.toBe(damaged);
  });
});

describe('eachBatch', () => {
  it('hands on every image once and in order, the next batch being read meanwhile', async () => {
    const events: string[] = [];
    const source = {
      ...numbered(5),
      read: async (first: number, n: number) => {
        events.push(`read ${first}`);
        return numbered(5).read(first, n);
      },
    };
    const seen: number[] = [];
    await eachBatch(source, 2, async (pixels, first, count) => {
      await null;
      events.push(`work ${first} + ${count}`);
      seen.push(...numbersOf(pixels));
    });
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect(events).toEqual(['read 0', 'read 2', 'work 0 + 2', 'read 4', 'work 2 + 2', 'work 4 + 1']);
  });

  it('errors of the work and of the source end it', async () => {
    const wrong = { ...numbered(5), read: (first: number, n: number) => new Uint8Array(first === 2 ? 1 : n * SIZE) };
    await expect(eachBatch(wrong, 2, () => {})).rejects.toThrow(/images 2 to 3 of 5: came as 1 bytes/);
    const work = () => Promise.reject(new Error('the worker’s own'));
    await expect(eachBatch(wrong, 2, work)).rejects.toThrow('the worker’s own');
  });
});
