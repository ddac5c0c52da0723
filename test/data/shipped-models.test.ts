import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as onnx from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { openDataSet } from '../../src/data/open.ts';
import { readSidecar, type Sidecar } from '../../src/data/sidecar.ts';
import type { LabelledSource } from '../../src/run/source.ts';
import { pixelsOf } from '../helpers/images.ts';

const FOLDER = join(import.meta.dirname, '../../datasets/models');
const models = readdirSync(FOLDER).filter((name) => name.endsWith('.onnx'));

test.each(models)('%s has a sidecar for ten classes', async (name) => {
  const sidecar = await readSidecar(join(FOLDER, name));
  expect(sidecar?.mean).toHaveLength(name.startsWith('mnist') ? 1 : 3);
  expect(sidecar?.classes).toHaveLength(10);
});

/** Number of grey images that an ONNX model classifies rightly, on onnxruntime. */
async function countCorrect(model: Uint8Array, images: LabelledSource, { mean, std }: Sidecar): Promise<number> {
  const session = await onnx.InferenceSession.create(model, { intraOpNumThreads: 1 });
  const values = Float32Array.from(await pixelsOf(images), (pixel) => (pixel / 255 - mean![0]) / std![0]);
  const input = new onnx.Tensor('float32', values, [images.count, 1, images.shape.height, images.shape.width]);
  const logits = (await session.run({ input })).logits.data as Float32Array;
  return Array.from(images.labels).reduce((correct, label, i) => {
    const row = logits.subarray(i * 10, (i + 1) * 10);
    return correct + Number(row.indexOf(row.reduce((a, b) => Math.max(a, b))) === label);
  }, 0);
}

test('mnist-resnet is right on the images that datasets/README.md says', async () => {
  const path = join(FOLDER, 'mnist-resnet.onnx');
  const { evaluation } = await openDataSet('mnist');
  const correct = await countCorrect(readFileSync(path), evaluation, (await readSidecar(path))!);
  expect(readFileSync(join(FOLDER, '../README.md'), 'utf8')).toContain('1,986 of the 2,000');
  // Another CPU adds up floats in another order, which may turn an image whose two best logits are close.
  expect(Math.abs(correct - 1986)).toBeLessThanOrEqual(2);
});
