import fc from 'fast-check';
import { expect, it } from 'vitest';
import { enlarge as enlargePart } from '../../../src/data/pictures/enlarge.ts';
import type { Size } from '../../../src/data/pictures/framing.ts';

const enlarge = (pixels: Uint8Array, from: Size, to: Size) => enlargePart(pixels, from, to, { left: 0, top: 0, ...to });

it('has the numbers of Pillow’s bilinear filter', () => {
  const row = Uint8Array.of(10, 200, 30, 90, 250, 0, 60, 120);
  const twice = [10, 58, 153, 158, 73, 45, 75, 130, 210, 188, 63, 15, 45, 75, 105, 120];
  const found = enlarge(row, { width: 8, height: 1 }, { width: 16, height: 1 });
  found.forEach((v, i) => {
    expect(Math.abs(v - twice[i])).toBeLessThanOrEqual(1); // halves are rounded in fixed point there
  });
  expect([...enlarge(row, { width: 1, height: 8 }, { width: 1, height: 16 })]).toEqual([...found]);
});

it('keeps what is even, corners, and mirror images', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.nat(255), { minLength: 243, maxLength: 243 }),
      (width, height, moreX, moreY, channels, values) => {
        const from = { width, height };
        const to = { width: width + moreX, height: height + moreY };
        const pixels = Uint8Array.from(values.slice(0, width * height * channels));
        const large = enlarge(pixels, from, to);
        expect(large.length).toBe(to.width * to.height * channels);
        for (let c = 0; c < channels; c++) {
          expect(large[c]).toBe(pixels[c]);
          expect(large[large.length - channels + c]).toBe(pixels[pixels.length - channels + c]);
        }
        const same = enlarge(new Uint8Array(pixels.length).fill(values[0]), from, to);
        expect(same.every((v) => v === values[0])).toBe(true);
        if (moreX === 0 && moreY === 0) expect([...large]).toEqual([...pixels]);
        const turned = turn(enlarge(turn(pixels, channels), from, to), channels);
        // halves are rounded up on both sides
        turned.forEach((v, i) => {
          expect(Math.abs(v - large[i])).toBeLessThanOrEqual(1);
        });
      },
    ),
  );
});

it('gives any part as it is in the whole', () => {
  const [from, to] = [
    { width: 5, height: 3 },
    { width: 17, height: 10 },
  ];
  const pixels = Uint8Array.from({ length: 3 * 5 * 3 }, (_, i) => (i * 73) & 255);
  const whole = enlarge(pixels, from, to);
  const span = (side: number) =>
    fc.tuple(fc.nat(side - 1), fc.nat(side - 1)).map(([a, b]) => [Math.min(a, b), Math.abs(a - b) + 1]);
  fc.assert(
    fc.property(span(to.width), span(to.height), ([left, width], [top, height]) => {
      const part = enlargePart(pixels, from, to, { left, top, width, height });
      const rows = Array.from({ length: height }, (_, y) =>
        whole.subarray(((top + y) * to.width + left) * 3).subarray(0, width * 3),
      );
      expect([...part]).toEqual(rows.flatMap((row) => [...row]));
    }),
  );
});

it.each([
  ['wide', { width: 2 ** 20, height: 1 }],
  ['tall', { width: 1, height: 2 ** 20 }],
])('holds only what it gives of a picture that is very %s', (_, from) => {
  const to = { width: from.width * 256, height: from.height * 256 };
  const middle = { left: (to.width - 224) / 2, top: (to.height - 224) / 2, width: 224, height: 224 };
  const before = process.memoryUsage().arrayBuffers;
  const part = enlargePart(new Uint8Array(2 ** 20).fill(9), from, to, middle);
  expect(part.every((v) => v === 9)).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
});

/** Turned by 180°. */
function turn(pixels: Uint8Array, channels: number): Uint8Array {
  const places = pixels.length / channels;
  return Uint8Array.from(pixels, (_, i) => pixels[(places - 1 - Math.floor(i / channels)) * channels + (i % channels)]);
}
