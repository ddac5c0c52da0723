import fc from 'fast-check';
import { expect, it } from 'vitest';
import { enlarge } from '../../../src/data/pictures/enlarge.ts';

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

/** Turned by 180°. */
function turn(pixels: Uint8Array, channels: number): Uint8Array {
  const places = pixels.length / channels;
  return Uint8Array.from(pixels, (_, i) => pixels[(places - 1 - Math.floor(i / channels)) * channels + (i % channels)]);
}
