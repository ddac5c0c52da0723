import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../../src/data/pictures/decode.ts';
import { sharedFolder } from '../../helpers/shared.ts';

// torchvision's Resize and CenterCrop of pictures are Pillow's: the judge, where it is there.

const JUDGE = `
import sys
from PIL import Image
resize, crop = int(sys.argv[1]), int(sys.argv[2])
for path in sys.argv[3:]:
    image = Image.open(path).convert('RGB')
    w, h = image.size
    size = (resize, int(resize * h / w)) if w <= h else (int(resize * w / h), resize)
    if size != (w, h): image = image.resize(size, Image.BILINEAR)
    left, top = int(round((size[0] - crop) / 2.0)), int(round((size[1] - crop) / 2.0))
    sys.stdout.buffer.write(image.crop((left, top, left + crop, top + crop)).tobytes())
`;

const python = ['python3', '/usr/bin/python3'].find((name) => spawnSync(name, ['-c', 'import PIL']).status === 0);
if (!python) console.log('skipped: no python3 with Pillow to compare with');

describe.runIf(python)('50 photographs beside Pillow', () => {
  // what it differs by is libvips' boxes where it makes pictures much smaller, and rounding
  it.each([
    { resize: 256, crop: 224, row: 'cut alone', mean: 0 },
    { resize: 175, crop: 160, row: '1.46 times smaller', mean: 0.25 },
    { resize: 128, crop: 112, row: 'half', mean: 0.25 },
    { resize: 64, crop: 56, row: 'a quarter', mean: 1 },
    { resize: 32, crop: 32, row: 'an eighth', mean: 1.5 },
    { resize: 400, crop: 384, row: '1.56 times larger', mean: 0.05 },
  ])('$row: mean difference of $resize, $crop at most $mean of 255', async ({ resize, crop, mean }) => {
    const folder = sharedFolder('imagenet-sample');
    if (!folder) return;
    const paths = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .slice(0, 50)
      .map(({ name }) => join(folder, name, readdirSync(join(folder, name))[0]));
    const { stdout } = spawnSync(python as string, ['-c', JUDGE, String(resize), String(crop), ...paths], { maxBuffer: 2 ** 28 });
    const area = crop * crop;
    expect(stdout.length).toBe(50 * area * 3);
    let [sum, most] = [0, 0];
    for (const [i, path] of paths.entries()) {
      const { pixels } = await readPicture(path, { resize, crop }, 3);
      for (let p = 0; p < area; p++) {
        for (let c = 0; c < 3; c++) {
          const by = Math.abs(pixels[c * area + p] - stdout[(i * area + p) * 3 + c]);
          sum += by;
          most = Math.max(most, by);
        }
      }
    }
    const found = sum / (50 * area * 3);
    console.log(`resize ${resize}, crop ${crop}: mean difference ${found.toFixed(3)} of 255, at most ${most}`);
    expect(found).toBeLessThanOrEqual(mean);
  });
});
