import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countHits } from '../../src/evaluate/accuracy.ts';
import { digest, folding, merge, mergeSome } from '../../src/evaluate/folds.ts';
import { cutImages, spikingFold, trainedFold } from '../../src/evaluate/passes.ts';
import { pixelsSource } from '../../src/run/source.ts';

const CLASSES = 4;
const POINTS = 3;
const UNITS = Float64Array.of(1, 2, 0.5, 1);

/** What both networks give for some images, whole. */
interface Whole {
  readonly images: number;
  readonly labels: readonly number[];
  readonly logits: Float32Array;
  /** [image][point][class] */
  readonly potentials: readonly number[];
}

const wholes: fc.Arbitrary<Whole> = fc.integer({ min: 1, max: 17 }).chain((images) => {
  const values = (length: number) => fc.array(fc.integer({ min: -3, max: 3 }), { minLength: length, maxLength: length });
  return fc.record({
    images: fc.constant(images),
    labels: fc.array(fc.nat(CLASSES - 1), { minLength: images, maxLength: images }),
    logits: values(images * CLASSES).map((v) => Float32Array.from(v)),
    potentials: values(images * POINTS * CLASSES),
  });
});

/** Both networks' batches of images [first, first + count). */
function batchOf({ logits, potentials }: Whole, first: number, count: number) {
  const part = Array.from({ length: POINTS }, (_, p) =>
    Array.from({ length: count }, (_, n) => {
      const at = ((first + n) * POINTS + p) * CLASSES;
      return potentials.slice(at, at + CLASSES);
    }),
  );
  return {
    trained: { first, images: count, logits: logits.subarray(first * CLASSES, (first + count) * CLASSES) },
    spiking: {
      first,
      images: count,
      potentials: Float64Array.from(part.flat(2)),
      spikes: [count, 0, first + count],
      gpuSeconds: null,
    },
  };
}

/** What evaluating adds up, over batches of a size. */
function figuresOf(whole: Whole, size: number, backwards = false) {
  const labels = pixelsSource(new Uint8Array(whole.images), { channels: 1, height: 1, width: 1 }, whole.labels);
  const [part] = cutImages(labels, whole.images, CLASSES);
  const trained = trainedFold(part!);
  const spiking = spikingFold(part!, { units: UNITS, points: { steps: [1, 2, 3], divisors: [1, 1, 1] } });
  const digests = folding((batch: Parameters<typeof digest>[0]) => digest(batch, CLASSES));
  const firsts = Array.from({ length: Math.ceil(whole.images / size) }, (_, i) => i * size);
  const batches = firsts.map((first) => batchOf(whole, first, Math.min(size, whole.images - first)));
  if (backwards) batches.reverse();
  for (const batch of batches) trained.add(batch.trained);
  for (const batch of batches) spiking.add({ ...batch.spiking, spikes: [batch.spiking.images, 7 * batch.spiking.images] });
  for (const batch of batches) digests.add(batch.spiking);
  return { trained: trained.sums(), spiking: spiking.sums(), digest: digests.sums() };
}

describe('folds over batches', () => {
  it('any batch size and any order give the whole’s figures', () => {
    fc.assert(
      fc.property(wholes, fc.integer({ min: 1, max: 20 }), fc.boolean(), (whole, size, backwards) => {
        expect(figuresOf(whole, size, backwards)).toStrictEqual(figuresOf(whole, whole.images));
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  it('in two parts as in one', () => {
    fc.assert(
      fc.property(wholes, fc.nat(20), (whole, cut) => {
        const hits = (from: number, to: number) =>
          countHits({ values: whole.logits.subarray(from * CLASSES, to * CLASSES), images: to - from }, whole.labels, from);
        const middle = cut % whole.images;
        expect(merge(hits(0, middle), hits(middle, whole.images))).toStrictEqual(hits(0, whole.images));
      }),
    );
  });

  it('a digest sees every integer, and which image it is of', () => {
    const potentials = Float64Array.from({ length: 24 }, (_, i) => i);
    const of = (values: Float64Array, first = 0) => digest({ first, images: 2, potentials: values }, CLASSES);
    const seen = new Set([of(potentials), of(potentials, 1)]);
    for (let i = 0; i < potentials.length; i++) seen.add(of(potentials.with(i, -1)));
    expect(seen.size).toBe(26);
  });
});

describe('merge', () => {
  it('adds numbers wherever they are', () => {
    const a = { n: 1, list: [1, 2], deep: [{ x: 1 }] };
    expect(merge(a, { n: 10, list: [20, 30], deep: [{ x: 5 }] })).toEqual({ n: 11, list: [21, 32], deep: [{ x: 6 }] });
    expect(a.n).toBe(1);
  });

  it('of one that is missing is the other', () => {
    expect(mergeSome(null, { n: 2 })).toEqual({ n: 2 });
    expect(mergeSome({ n: 2 }, undefined)).toEqual({ n: 2 });
    expect(mergeSome<{ n: number }>(null, null)).toBeNull();
  });
});

describe('cutImages', () => {
  const images = pixelsSource(new Uint8Array(5), { channels: 1, height: 1, width: 1 }, [0, 1, 2, 3, 4]);
  it.each([
    [0, null, [0, 1, 2, 3, 4]],
    [2, [0, 1], [2, 3, 4]],
    [5, [0, 1, 2, 3, 4], null],
    [99, [0, 1, 2, 3, 4], null],
  ])('the first %i and the rest', (first, a, b) => {
    const parts = cutImages(images, first, 10);
    expect(parts.map((part) => part && Array.from(part.source.labels))).toEqual([a, b]);
  });

  it('keeps a class in two bytes, in four where there are more', () => {
    expect(cutImages(images, 0, 65536)[1]!.classes).toBeInstanceOf(Uint16Array);
    expect(cutImages(images, 0, 65537)[1]!.classes).toBeInstanceOf(Uint32Array);
  });
});
