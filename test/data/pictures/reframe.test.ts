import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataSet } from '../../../src/data/open.ts';
import { enlarge } from '../../../src/data/pictures/enlarge.ts';
import { reframe } from '../../../src/data/pictures/reframe.ts';
import { OptionError } from '../../../src/errors.ts';
import { pixelsSource } from '../../../src/run/source.ts';
import { folderTest } from '../temporary-folder.ts';

const shape = { channels: 3, height: 4, width: 6 };
const pixels = Uint8Array.from({ length: 3 * 72 }, (_, i) => (i * 29) % 256);
const source = pixelsSource(pixels, shape, [4, 5, 6]);

/** A plane of an image, as a picture of its own. */
const plane = (image: number, channel: number) => pixels.slice(image * 72 + channel * 24, image * 72 + (channel + 1) * 24);

describe('images of an array are framed as pictures in files are', () => {
  it('cut', async () => {
    const cut = reframe(source, { resize: null, crop: 2 }, null);
    expect(cut).toMatchObject({ count: 3, shape: { channels: 3, height: 2, width: 2 }, labels: [4, 5, 6] });
    const found = await cut.read(1, 2);
    for (const [i, image] of [1, 2].entries()) {
      for (let c = 0; c < 3; c++) {
        const own = plane(image, c);
        expect([...found.subarray(i * 12 + c * 4, i * 12 + c * 4 + 4)]).toEqual([own[8], own[9], own[14], own[15]]);
      }
    }
  });

  it('larger', async () => {
    const large = reframe(source, { resize: 8, crop: 8 }, null);
    const found = await large.read(0, 1);
    for (let c = 0; c < 3; c++) {
      const to = { width: 12, height: 8 };
      const whole = enlarge(plane(0, c), { width: 6, height: 4 }, to, { left: 0, top: 0, ...to });
      for (let y = 0; y < 8; y++) {
        expect([...found.subarray(c * 64 + y * 8, c * 64 + y * 8 + 8)]).toEqual([...whole.subarray(y * 12 + 2, y * 12 + 10)]);
      }
    }
  });

  it('grey, and grey in three channels', async () => {
    const grey = reframe(source, { resize: null, crop: null }, 1);
    expect(grey.shape).toEqual({ channels: 1, height: 4, width: 6 });
    const one = await grey.read(0, 1);
    const [r, g, b] = [0, 1, 2].map((c) => plane(0, c));
    expect([...one]).toEqual(Array.from(r, (v, i) => (v * 19595 + g[i] * 38470 + b[i] * 7471 + 0x8000) >> 16));
    const three = await reframe(grey, { resize: null, crop: null }, 3).read(0, 1);
    expect([...three]).toEqual([...one, ...one, ...one]);
  });

  it.each([
    ['more than they have', shape, { resize: null, crop: 5 }, /crop: 5 is more than images of 6 × 4 have/],
    ['vectors', { channels: 72, height: 1, width: 1 }, { resize: 5, crop: 5 }, /are no pictures/],
    ['two channels', { channels: 2, height: 6, width: 6 }, { resize: 5, crop: 5 }, /are no pictures/],
  ])('%s', (_, of, framing, message) => {
    const other = pixelsSource(new Uint8Array(72), of, [0]);
    expect(() => reframe(other, framing, null)).toThrow(OptionError);
    expect(() => reframe(other, framing, null)).toThrow(message);
  });
});

folderTest('a data set is brought to size only where it is asked for', async ({ folder }) => {
  const path = join(folder, 'images.mjs');
  const body = 'count: 1, shape: { channels: 1, height: 4, width: 4 }, labels: [0], read: () => new Uint8Array(16).fill(9)';
  await writeFile(path, `export default { ${body} };`);
  expect((await openDataSet(`module:${path}`)).evaluation.shape).toEqual({ channels: 1, height: 4, width: 4 });
  const { evaluation } = await openDataSet(`module:${path}`, { resize: 8, crop: 6, channels: 3 });
  expect(evaluation.shape).toEqual({ channels: 3, height: 6, width: 6 });
  expect([...(await evaluation.read(0, 1))]).toEqual(new Array(108).fill(9));
});
