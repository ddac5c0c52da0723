import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { MAX_PIXELS, measurePicture, planes, readPicture } from '../../../src/data/pictures/decode.ts';
import type { Framing } from '../../../src/data/pictures/framing.ts';
import { DataSetError } from '../../../src/errors.ts';
import { folderTest } from '../temporary-folder.ts';

const WIDTH = 6;
const HEIGHT = 4;
const AS_IT_IS: Framing = { resize: null, crop: null };

/** [y][x][channel], every pixel another. */
const colours = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 37 + (i % 3) * 11) % 256);
const greys = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i * 53) % 256);

const raw = (pixels: Uint8Array, channels: 1 | 3 | 4, width = WIDTH, height = HEIGHT): Sharp =>
  sharp(pixels, { raw: { width, height, channels } });
const colour = () => raw(colours, 3);
const grey = () => raw(greys, 1).toColourspace('b-w');

/** What a picture of interleaved pixels is to be read as. */
const planar = (pixels: Uint8Array) => [...planes(pixels, WIDTH * HEIGHT, 3)];

async function read(folder: string, content: Uint8Array | Sharp, channels: 1 | 3 = 3, framing = AS_IT_IS) {
  const path = join(folder, 'picture');
  await writeFile(path, content instanceof Uint8Array ? content : await content.toBuffer());
  return { path, ...(await readPicture(path, framing, channels)) };
}

describe('kinds without loss are read bit by bit', () => {
  folderTest.for([
    ['PNG', () => colour().png()],
    ['PNG, interlaced', () => colour().png({ progressive: true })],
    ['TIFF', () => colour().tiff({ compression: 'lzw' })],
    ['WebP', () => colour().webp({ lossless: true })],
    ['PNG with transparency, which is left out', () => colour().ensureAlpha(0.3).png()],
    ['16 bits', () => colour().toColourspace('rgb16').png()],
  ] as const)('%s', async ([, make], { folder }) => {
    const { pixels, width, height, grey: isGrey } = await read(folder, make());
    expect({ width, height, isGrey }).toEqual({ width: WIDTH, height: HEIGHT, isGrey: false });
    expect([...pixels]).toEqual(planar(colours));
  });

  folderTest('grey pictures are grey in every channel, or one channel', async ({ folder }) => {
    const three = await read(folder, grey().png());
    expect(three.grey).toBe(true);
    expect([...three.pixels]).toEqual([...greys, ...greys, ...greys]);
    const one = await read(folder, grey().png(), 1);
    expect([...one.pixels]).toEqual([...greys]);
  });

  folderTest('grey of 16 bits', async ({ folder }) => {
    const { pixels, grey: isGrey } = await read(folder, grey().toColourspace('grey16').png(), 1);
    expect(isGrey).toBe(true);
    expect([...pixels]).toEqual([...greys]);
  });

  folderTest('a palette', async ({ folder }) => {
    const few = Uint8Array.from(colours, (v, i) => (v + i > 200 ? 255 : 0));
    const { pixels } = await read(folder, raw(few, 3).png({ palette: true, dither: 0, quality: 100 }));
    expect([...pixels]).toEqual(planar(few));
  });
});

describe('pictures of cameras and of print', () => {
  folderTest('a JPEG is what its decoder makes of it', async ({ folder }) => {
    const file = await colour().jpeg({ quality: 90 }).toBuffer();
    const { pixels } = await read(folder, file);
    expect([...pixels]).toEqual(planar(await sharp(file).raw().toBuffer()));
  });

  folderTest.for([1, 2, 3, 4, 5, 6, 7, 8])('Exif says that it lies in way %i', async (orientation, { folder }) => {
    const file = await colour().withMetadata({ orientation }).tiff({ compression: 'lzw' }).toBuffer();
    const { path, width, height, pixels } = await read(folder, file);
    const turned = await sharp(file).autoOrient().raw().toBuffer({ resolveWithObject: true });
    expect({ width, height }).toEqual({ width: turned.info.width, height: turned.info.height });
    expect(await measurePicture(path)).toMatchObject({ width, height });
    expect(width > height).toBe(orientation < 5);
    expect([...pixels]).toEqual([...planes(turned.data, WIDTH * HEIGHT, 3)]);
  });

  folderTest('inks become light as Pillow makes them', async ({ folder }) => {
    const inks = Uint8Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 100, 200, 50, 25);
    const file = await sharp(inks, { raw: { width: 2, height: 2, channels: 4 } })
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .tiff({ compression: 'none' })
      .toBuffer();
    const { space } = await sharp(file).metadata();
    expect(space).toBe('cmyk');
    const { pixels } = await read(folder, file);
    const stored = await sharp(file).pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer();
    const light = (c: number, p: number) => Math.round(((255 - stored[4 * p + c]) * (255 - stored[4 * p + 3])) / 255);
    expect([...pixels]).toEqual([0, 1, 2].flatMap((c) => [0, 1, 2, 3].map((p) => light(c, p))));
  });

  it('grey of colours is that of ITU-R 601', () => {
    const primary = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 20, 30);
    expect([...planes(primary, 5, 1)]).toEqual([76, 150, 29, 255, 18]);
  });
});

describe('frames', () => {
  const large = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (Math.floor(i / 3) % 40) * 5 + Math.floor(i / 120));

  folderTest('smaller: the mean of what falls into a pixel, about', async ({ folder }) => {
    const { width, height, pixels } = await read(folder, raw(large, 3, 40, 30).png(), 1, { resize: 15, crop: 15 });
    expect({ width, height }).toEqual({ width: 15, height: 15 });
    // a slope stays one: 20 wide, of which 2 are cut off at the left; a pixel is two wide and two high
    for (let y = 1; y < 14; y++) {
      for (let x = 1; x < 14; x++) expect(Math.abs(pixels[15 * y + x] - ((2 * (x + 2) + 0.5) * 5 + 2 * y + 0.5))).toBeLessThan(2);
    }
  });

  folderTest('larger', async ({ folder }) => {
    const { width, height, pixels } = await read(folder, raw(large, 3, 40, 30).png(), 1, { resize: 60, crop: 50 });
    expect({ width, height }).toEqual({ width: 50, height: 50 });
    for (let y = 0; y < 50; y++) {
      for (let x = 0; x < 50; x++) {
        const slope = ((x + 15.5) / 2 - 0.5) * 5 + (y + 5.5) / 2 - 0.5;
        expect(Math.abs(pixels[50 * y + x] - slope)).toBeLessThan(1.01);
      }
    }
  });

  folderTest('cut alone', async ({ folder }) => {
    const { pixels } = await read(folder, raw(large, 3, 40, 30).png(), 1, { resize: null, crop: 2 });
    expect([...pixels]).toEqual([19 * 5 + 14, 20 * 5 + 14, 19 * 5 + 15, 20 * 5 + 15]);
  });

  folderTest('too small to be cut out of', async ({ folder }) => {
    const error = await read(folder, colour().png(), 3, { resize: null, crop: 5 }).catch((e) => e);
    expect(error).toMatchObject({ code: 'data-size', what: expect.stringContaining('is 6 × 4, smaller than the 5 × 5') });
  });
});

describe('what cannot be read is said by file', () => {
  const refusal = (folder: string, content: Uint8Array | Sharp) => read(folder, content).catch((e) => e);

  folderTest('a JPEG that is cut off', async ({ folder }) => {
    const path = join(folder, 'cut.jpg');
    await writeFile(
      path,
      await raw(
        new Uint8Array(90_000).map((_, i) => (i * i) % 251),
        3,
        300,
        100,
      )
        .jpeg()
        .toBuffer(),
    );
    await truncate(path, 4000);
    await expect(readPicture(path, AS_IT_IS, 3)).rejects.toMatchObject({
      name: 'DataSetError',
      code: 'data-corrupt',
      where: path,
      what: expect.stringMatching(/^cannot be decoded \(.*premature end/),
    });
  });

  folderTest('a PNG that is cut off', async ({ folder }) => {
    const file = await raw(
      new Uint8Array(90_000).map((_, i) => (i * i) % 251),
      3,
      300,
      100,
    )
      .png()
      .toBuffer();
    expect(await refusal(folder, file.subarray(0, file.length >> 1))).toMatchObject({ code: 'data-corrupt' });
  });

  folderTest('more pixels than anything has: found before they are decoded', async ({ folder }) => {
    const file = await colour().tiff({ compression: 'lzw' }).toBuffer();
    const directory = file.readUInt32LE(4);
    for (const tag of [256, 257]) setTag(file, directory, tag, 30_000); // width, height
    expect(30_000 ** 2).toBeGreaterThan(MAX_PIXELS);
    expect(await refusal(folder, file)).toMatchObject({ code: 'data-size', what: expect.stringContaining(`${MAX_PIXELS} pixels`) });
  });

  folderTest.for([
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="6" height="4"><image href="http://example.test/a.png"/></svg>'],
    ['a text', 'no picture at all'],
    ['a bitmap of Windows', 'BM\0\0\0\0'],
    ['a single byte', '\xff'],
  ])('%s is none of the kinds', async ([, text], { folder }) => {
    const error = await refusal(folder, Buffer.from(text, 'latin1'));
    expect(error).toBeInstanceOf(DataSetError);
    expect(error).toMatchObject({ code: 'data-magic', what: expect.stringContaining('JPEG, PNG, GIF, WebP, TIFF and AVIF') });
  });

  folderTest('nothing in it; a folder; nothing there', async ({ folder }) => {
    expect(await refusal(folder, new Uint8Array(0))).toMatchObject({ code: 'data-empty' });
    await expect(readPicture(folder, AS_IT_IS, 3)).rejects.toMatchObject({ code: 'data-missing', what: 'is not a file' });
    await expect(measurePicture(join(folder, 'none'))).rejects.toMatchObject({ code: 'data-missing' });
  });
});

/** Writes a number of 16 bits over that of a tag in a TIFF's directory. */
function setTag(file: Buffer, directory: number, tag: number, value: number): void {
  for (let entry = directory + 2; ; entry += 12) {
    if (file.readUInt16LE(entry) !== tag) continue;
    expect(file.readUInt16LE(entry + 2)).toBe(3);
    return void file.writeUInt16LE(value, entry + 8);
  }
}
