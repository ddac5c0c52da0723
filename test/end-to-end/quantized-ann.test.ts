import { expect, it } from 'vitest';
import { convert } from '../../src/convert/convert.ts';
import type { DataSet } from '../../src/data/data-set.ts';
import { openDataSet } from '../../src/data/open.ts';
import { readWords } from '../../src/observe/words.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { Session } from '../../src/run/session.ts';
import { sliceSource } from '../../src/run/source.ts';
import { firstDifference } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { runQuantizedAnn } from '../helpers/quantized-ann.ts';
import { cifar10Folder, modelPath, normalizationOf } from '../helpers/shared.ts';

const IMAGES = 40;

/** Without what a wave leaves in the membranes, a bistable network is an ANN whose activations are K-bit integers, rounded down. */
async function expectQuantizedAnn(model: string, { evaluation, training }: DataSet, phaseBits: number): Promise<void> {
  const path = modelPath(model);
  if (!path) return;
  const calibration = sliceSource(training ?? evaluation, (training ?? evaluation).count - 100, 100);
  const options = { ...normalizationOf(path), phaseBits, initial: 'zero' } as const;
  const network = await convert(device!, await importOnnx(path), calibration, options);
  const pixels = await evaluation.read(0, IMAGES);
  const expected = await runQuantizedAnn(network, pixels);

  const session = await Session.create(device!, network, { batch: IMAGES, waves: 1, keepWords: true });
  try {
    const { potentials, units } = await session.classify(pixels);
    expect(session.plan.batch).toBe(IMAGES);
    for (const [l, layer] of network.layers.entries()) {
      if (layer.kind === 'readout') {
        const last = potentials.subarray((phaseBits - 1) * IMAGES * units.length);
        expect(firstDifference(last, expected[l]), 'potentials').toBeNull();
      } else {
        expect(firstDifference(await readWords(session, l, IMAGES), expected[l]), `words of ${layer.name}`).toBeNull();
      }
      // or equality would say nothing
      expect(new Set(expected[l]).size, `different values of ${layer.name}`).toBeGreaterThan(1);
    }
  } finally {
    session.dispose();
  }
}

describeOnDevice('one wave from V(0) = 0 equals the K-bit ANN that ONNX Runtime computes, bit for bit', () => {
  it.each([2, 4, 8])('mnist-resnet, K = %i', async (phaseBits) => {
    await expectQuantizedAnn('mnist-resnet', await openDataSet('mnist'), phaseBits);
  });

  it.each([
    ['resnet20-cifar10', 4],
    ['resnet20-cifar10', 5],
    ['vgg16-slim-cifar10', 6],
    ['resnet56-padshortcut', 4],
  ] as const)('%s, K = %i', async (model, phaseBits) => {
    const folder = cifar10Folder();
    if (folder) await expectQuantizedAnn(model, await openDataSet(`cifar10:${folder}`), phaseBits);
  });
});
