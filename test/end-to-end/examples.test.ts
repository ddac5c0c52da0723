import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';
import sharp from 'sharp';
import { expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { openDataSet } from '../../src/data/open.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

// Each example opens a device of its own.
device?.dispose();

describeOnDevice('examples', () => {
  it('classify.ts finds the digits', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await import('../../examples/classify.ts');
      const lines = log.mock.calls.map(([line]) => String(line));
      expect(lines.length).toBe(8);
      const right = lines.filter((line) => /^image \d: a (\d), labelled \1$/.test(line));
      expect(right.length).toBeGreaterThanOrEqual(7);
    } finally {
      log.mockRestore();
    }
  });

  folderTest('archive.mjs: the command takes images that stream from a zip file', async ({ folder }) => {
    const path = join(folder, 'digits.zip');
    await writeArchive(path, 12);
    vi.stubEnv('ARCHIVE', path);
    try {
      const terminal = capturedTerminal();
      const options = [
        '--dataset',
        'module:examples/archive.mjs',
        '--calibrate-on',
        'mnist',
        '--phase-bits',
        '4',
        '--json',
        '-',
        '--quiet',
      ];
      expect(await run(['eval', 'datasets/models/mnist-resnet.onnx', ...options], terminal)).toBe(0);
      const result = JSON.parse(terminal.written.out);
      expect(result).toMatchObject({ dataset: 'images', images: 12, calibratedOn: 'own' });
      expect(result.snn.top1).toBeGreaterThan(0.9);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

/** Digits as pictures in a zip file, CLASS/NUMBER.png. */
async function writeArchive(path: string, count: number): Promise<void> {
  const { evaluation } = await openDataSet('mnist');
  const pixels = await evaluation.read(0, count);
  const zip = new ZipWriter(Writable.toWeb(createWriteStream(path)));
  for (let i = 0; i < count; i++) {
    const raw = { width: 28, height: 28, channels: 1 as const };
    const picture = await sharp(pixels.subarray(i * 784, (i + 1) * 784), { raw })
      .png()
      .toBuffer();
    await zip.add(`${evaluation.labels[i]}/${i}.png`, new Uint8ArrayReader(picture), { useWebWorkers: false });
  }
  await zip.close();
}
