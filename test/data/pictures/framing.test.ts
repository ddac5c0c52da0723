import { describe, expect, it } from 'vitest';
import { centre, framingOf, pictureFraming, resized } from '../../../src/data/pictures/framing.ts';
import { OptionError } from '../../../src/errors.ts';

const size = (width: number, height: number) => ({ width, height });
const input = (channels: number, height: number, width: number) => ({ channels, height, width });

describe('sizes are those of torchvision', () => {
  it.each([
    { row: 'wide', from: size(500, 375), resize: 256, to: size(341, 256) },
    { row: 'high', from: size(375, 500), resize: 256, to: size(256, 341) },
    { row: 'the longer side is rounded down', from: size(300, 200), resize: 33, to: size(49, 33) },
    { row: 'square', from: size(17, 17), resize: 32, to: size(32, 32) },
    { row: 'very thin: at least a pixel stays', from: size(10_000, 3), resize: 1, to: size(3333, 1) },
    { row: 'nothing', from: size(7, 9), resize: null, to: size(7, 9) },
  ])('resized: $row', ({ from, resize, to }) => {
    expect(resized(from, resize)).toEqual(to);
  });

  it.each([
    { row: 'even', of: size(256, 256), crop: 224, area: { left: 16, top: 16, width: 224, height: 224 } },
    {
      row: 'halves go to the even pixel, down',
      of: size(341, 256),
      crop: 224,
      area: { left: 58, top: 16, width: 224, height: 224 },
    },
    { row: 'halves go to the even pixel, up', of: size(227, 225), crop: 224, area: { left: 2, top: 0, width: 224, height: 224 } },
    { row: 'nothing', of: size(7, 9), crop: null, area: { left: 0, top: 0, width: 7, height: 9 } },
  ])('centre: $row', ({ of, crop, area }) => {
    expect(centre(of, crop)).toEqual(area);
  });
});

describe('what options say', () => {
  it.each([
    { options: {}, framing: null },
    { options: { resize: 'none' as const }, framing: { resize: null, crop: null } },
    { options: { crop: 10 }, framing: { resize: null, crop: 10 } },
    { options: { resize: 40 }, framing: { resize: 40, crop: 40 } },
    { options: { resize: 40, crop: 32 }, framing: { resize: 40, crop: 32 } },
    { options: { channels: 1 as const }, framing: null },
  ])('$options', ({ options, framing }) => {
    expect(framingOf(options)).toEqual(framing);
  });

  it.each([
    { options: { resize: 0 }, message: /resize: 0 is not an integer from 1/ },
    { options: { crop: 2.5 }, message: /crop: 2.5 is not/ },
    { options: { crop: 1e9 }, message: /crop: 1000000000 is not/ },
    { options: { resize: 32, crop: 40 }, message: /crop: 40 is more than the 32/ },
    { options: { channels: 2 as 1 }, message: /channels: 2 is not 1 or 3/ },
  ])('$options are refused', ({ options, message }) => {
    expect(() => framingOf(options)).toThrow(OptionError);
    expect(() => framingOf(options)).toThrow(message);
  });
});

describe('pictures in files', () => {
  it('are brought to 256 and cut to 224 where the network takes that, or is not known', () => {
    const customary = { resize: 256, crop: 224 };
    expect(pictureFraming({}, undefined)).toEqual(customary);
    expect(pictureFraming({}, input(3, 224, 224))).toEqual(customary);
    expect(pictureFraming({ resize: 'none' }, input(3, 224, 224))).toEqual({ resize: null, crop: null });
  });

  it('keep their size for other networks, unless it is asked for', () => {
    expect(pictureFraming({}, input(3, 32, 32))).toEqual({ resize: null, crop: null });
    expect(pictureFraming({ resize: 36, crop: 32 }, input(3, 32, 32))).toEqual({ resize: 36, crop: 32 });
  });
});
