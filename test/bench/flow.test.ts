import { expect, it } from 'vitest';
import { CLASSES, flowNetwork, IMAGE_BYTES, madeUpImages } from '../../bench/flow/images.ts';
import { growthOf, peakOf, type Sample } from '../../bench/flow/memory.ts';
import { shapeSize } from '../../src/ann/ann.ts';
import { readImages } from '../../src/run/source.ts';

it('made-up images are the same however they are read, and no two alike', async () => {
  const source = madeUpImages(6);
  const whole = await readImages(source, 0, 6);
  const parts = [await readImages(source, 0, 1), await readImages(source, 1, 3), await readImages(source, 4, 2)];
  expect(Buffer.compare(Buffer.concat(parts), whole)).toBe(0);
  const images = Array.from({ length: 6 }, (_, n) => Buffer.from(whole.subarray(n * IMAGE_BYTES, (n + 1) * IMAGE_BYTES)));
  expect(new Set(images.map((image) => image.toString('latin1'))).size).toBe(6);
  expect(Array.from(source.labels).every((label) => label < CLASSES)).toBe(true);
  expect(shapeSize(flowNetwork().input)).toBe(IMAGE_BYTES);
});

it('growth is that of a stage under way; the peak is of all', () => {
  const samples = Array.from({ length: 40 }, (_, i): Sample => ({ seconds: i, mebibytes: 100, stage: 'ann', done: i }));
  const rising = samples.map((sample, i) => ({ ...sample, stage: 'snn', mebibytes: i < 4 ? 0 : 100 + i }));
  expect(growthOf([...samples, ...rising], 'ann')).toBe(0);
  // samples 36 to 39 against 4 to 7
  expect(growthOf([...samples, ...rising], 'snn')).toBe(32);
  expect(peakOf([...samples, ...rising])).toBe(139);
});
