import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { openDataSet } from '../../src/data/open.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { modelPath, sharedFolder } from '../helpers/shared.ts';

device?.dispose();

const MODEL = 'datasets/models/mnist-resnet.onnx';
const DIGITS = 60;

async function command(...args: string[]) {
  const terminal = capturedTerminal();
  const code = await run(args, terminal);
  return { code, ...terminal.written };
}

const json = async <T>(...args: string[]): Promise<T> => {
  const { code, out, err } = await command(...args, '--json', '-', '--quiet');
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out);
};

/** The first digits of the data set as PNG files, a folder a class, and a table of them in the data set's order. */
async function writeDigits(
  folder: string,
): Promise<{ readonly paths: string[]; readonly labels: number[]; readonly table: string }> {
  const { evaluation } = await openDataSet('mnist');
  const pixels = await evaluation.read(0, DIGITS);
  const labels = Array.from({ length: DIGITS }, (_, i) => evaluation.labels[i]);
  const paths: string[] = [];
  for (const [i, label] of labels.entries()) {
    const path = join(folder, 'digits', String(label), `${i}.png`);
    await mkdir(join(folder, 'digits', String(label)), { recursive: true });
    const raw = { width: 28, height: 28, channels: 1 as const };
    const image = sharp(pixels.subarray(i * 784, (i + 1) * 784), { raw }).toColourspace('b-w');
    await writeFile(path, await image.png().toBuffer());
    paths.push(path);
  }
  const table = join(folder, 'digits.csv');
  await writeFile(table, paths.map((path, i) => `${path.slice(folder.length + 1)},${labels[i]}\n`).join(''));
  return { paths, labels, table };
}

/** What does not depend on where the images came from. */
const figures = ({ ann, snn, layers, images, spikesPerImage }: EvaluationResult) => ({ ann, snn, layers, images, spikesPerImage });

describeOnDevice('pictures in files give what the same images give as arrays', () => {
  folderTest('bsnn eval: a table, a folder', async ({ folder }) => {
    const { table } = await writeDigits(folder);
    const options = ['--phase-bits', '4', '--limit', '40', '--calibrate-on', 'mnist', '--calibration', '32', '--diagnosis', '0'];
    const arrays = await json<EvaluationResult>('eval', MODEL, '--dataset', 'mnist', ...options);
    const listed = await json<EvaluationResult>('eval', MODEL, '--dataset', `csv:${table}`, ...options);
    expect(figures(listed)).toEqual(figures(arrays));
    expect(listed).toMatchObject({ dataset: 'csv', calibratedOn: 'own', normalization: { mean: [0.1307], meanFrom: 'sidecar' } });
    // all of them, in another order: the same accuracies
    const rest = ['--phase-bits', '4', '--calibrate-on', 'mnist', '--calibration', '32', '--diagnosis', '0'];
    const all = await json<EvaluationResult>('eval', MODEL, '--dataset', 'mnist', '--limit', String(DIGITS), ...rest);
    const place = `folder:${join(folder, 'digits')}`;
    const found = await json<EvaluationResult>('eval', MODEL, '--dataset', place, ...rest);
    expect(found.images).toBe(DIGITS);
    expect(found.snn).toEqual(all.snn);
    expect(found.spikesPerImage).toBeCloseTo(all.spikesPerImage, 9);
    // without others to calibrate on it says so
    const alone = await command('eval', MODEL, '--dataset', place, '--phase-bits', '4', '--quiet');
    expect(alone.out).toMatch(/scales +mse over 60 images that are evaluated too/);
    expect(alone.out).toMatch(/note +all images are evaluated/);
  });

  folderTest('bsnn predict: classes, scores by words, when they were final', async ({ folder }) => {
    const { paths, labels } = await writeDigits(folder);
    const some = paths.slice(0, 5);
    const found = await json<{
      wordSteps: number[];
      images: {
        file: string;
        class: number;
        name: string;
        finalAt: number;
        annClass: number;
        top: { class: number; shares: number[] }[];
      }[];
    }>('predict', MODEL, ...some, '--calibrate-on', 'mnist', '--top', '3');
    expect(found.images.map(({ file }) => file)).toEqual(some);
    expect(found.images.map((one) => one.class)).toEqual(labels.slice(0, 5));
    for (const one of found.images) {
      expect(one.annClass).toBe(one.class);
      expect(one.top).toHaveLength(3);
      expect(one.top[0].class).toBe(one.class);
      expect(one.top[0].shares).toHaveLength(found.wordSteps.length);
      expect(one.finalAt).toBeLessThanOrEqual(found.wordSteps[found.wordSteps.length - 1]);
    }
    const printed = await command('predict', MODEL, ...some, '--quiet');
    expect(printed.code).toBe(0);
    expect(printed.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(printed.out).toMatch(/final from step T = \d+ on, as the ANN’s/);
  });

  folderTest('bsnn predict: what is no picture; of another size', async ({ folder }) => {
    const { paths } = await writeDigits(folder);
    const text = join(folder, 'a\x1b[31m.png');
    await writeFile(text, 'no picture');
    const bad = await command('predict', MODEL, paths[0], text, '--quiet');
    expect(bad.code).toBe(1);
    expect(bad.err).toMatch(/^bsnn: .*a\\x1b\[31m\.png: is no picture/);
    expect(bad.err).not.toContain('\x1b');
    const large = join(folder, 'large.png');
    await writeFile(large, await sharp(paths[0]).resize(56, 56).toColourspace('b-w').png().toBuffer());
    const wrong = await command('predict', MODEL, large, '--quiet');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(/takes images of 1 × 28 × 28.* has 1 × 56 × 56.*--resize 28 --crop 28/);
    expect((await command('predict', MODEL, large, '--quiet', '--resize', '28')).code).toBe(0);
  });

  folderTest('photographs, 224 × 224 of 256 × 256', async () => {
    const folder = sharedFolder('imagenet-sample');
    const model = modelPath('squeezenet1.1-imagenet');
    if (!folder || !model) return;
    const options = ['--phase-bits', '4', '--limit', '8', '--calibration', '4', '--waves', '1', '--diagnosis', '0'];
    const found = await json<EvaluationResult>('eval', model, '--dataset', `folder:${folder}`, ...options);
    expect(found).toMatchObject({ images: 8, classes: 1000, calibratedOn: 'others' });
    expect(found.ann.top5).toBeGreaterThan(0.5);
    expect(found.timing.readImagesPerSecond).toBeGreaterThan(0);
  });
});
