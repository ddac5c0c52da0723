/** The five trial networks of ../shared/models against ONNX Runtime; skipped where they are not there. */

import { existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../src/onnx/import.ts';
import { evaluateAnn } from '../helpers/ann-evaluate.ts';
import { expectClose, randomNumbers, runOnnx } from '../helpers/onnx-compare.ts';

const shared = new URL('../../../shared/', import.meta.url).pathname;
const batch = `${shared}data/cifar10/test_batch.bin`;
const present = existsSync(`${shared}models`) && existsSync(batch);
if (!present) console.log(`skipped: the trial networks, since ${shared} does not exist`);

/** The first `n` test images, normalised as the network's sidecar says. */
function cifarImages(model: string, n: number): Float32Array {
  const { mean, std } = JSON.parse(readFileSync(`${shared}models/${model}.json`, 'utf8')) as { mean: number[]; std: number[] };
  const records = new Uint8Array(n * 3073);
  readSync(openSync(batch, 'r'), records, 0, records.length, 0);
  return Float32Array.from({ length: n * 3072 }, (_, i) => {
    const c = Math.floor((i % 3072) / 1024);
    return (records[Math.floor(i / 3072) * 3073 + 1 + (i % 3072)] / 255 - mean[c]) / std[c];
  });
}

describe.skipIf(!present)('trial networks', () => {
  it.each([
    ['resnet20-cifar10', 4, 21],
    ['vgg16-slim-cifar10', 4, 21],
    ['resnet20-padshortcut', 4, 21],
    ['resnet56-padshortcut', 2, 57],
  ])('%s gives the logits of ONNX Runtime', async (model, n, layers) => {
    const path = `${shared}models/${model}.onnx`;
    const ann = await importOnnx(path);
    expect(ann.name).toBe(model);
    expect(ann.layers).toHaveLength(layers);
    const images = cifarImages(model, n);
    expectClose(evaluateAnn(ann, images, n), await runOnnx(readFileSync(path), images, [n, 3, 32, 32]));
  });

  it('squeezenet1.1-imagenet gives the logits of ONNX Runtime', async () => {
    const path = `${shared}models/squeezenet1.1-imagenet.onnx`;
    const ann = await importOnnx(path);
    const image = randomNumbers(3 * 224 * 224, 3);
    expectClose(evaluateAnn(ann, image, 1), await runOnnx(readFileSync(path), image, [1, 3, 224, 224]));
  });
});
