import { it } from 'vitest';
import { convert } from '../../src/convert/convert.ts';
import { openDataSet } from '../../src/data/open.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import type { SessionOptions } from '../../src/run/session.ts';
import { expectSameBits, simulateAll } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { cifar10Folder, modelPath, normalizationOf, photographs } from '../helpers/shared.ts';
import { byTurns, SOAK } from '../helpers/soak.ts';

/** Two batches of one variant; the literal simulation takes seconds an image. */
const IMAGES = 4;
const WAVES = 3;
/** The first network as the device does by itself, the next one otherwise. */
const someWays = byTurns<Partial<SessionOptions>>(1);

describeOnDevice('trained networks on real images: the windowed engine equals the literal simulation, word for word', () => {
  it.each([['resnet20-cifar10', 4], ['vgg16-slim-cifar10', 8], ...(SOAK ? ([['resnet20-padshortcut', 5]] as const) : [])] as const)(
    '%s, K = %i',
    async (name, phaseBits) => {
      const folder = cifar10Folder();
      const path = modelPath(name);
      if (!folder || !path) return;
      const { evaluation } = await openDataSet(`cifar10:${folder}`);
      const calibration = await evaluation.read(100, 100);
      const network = await convert(device!, await importOnnx(path), calibration, { ...normalizationOf(path), phaseBits });
      const pixels = await evaluation.read(0, IMAGES);
      const reference = simulateAll(network, pixels, WAVES);
      for (const way of someWays([{}, { arithmetic: 'f32', weights: 'storage', batch: 3 }] as const)) {
        await expectSameBits(device!, network, pixels, reference, { waves: WAVES, ...way });
      }
    },
  );

  it('mnist-resnet, K = 4', async () => {
    const path = modelPath('mnist-resnet')!;
    const { evaluation, training } = await openDataSet('mnist');
    const calibration = await training!.read(0, 200);
    const network = await convert(device!, await importOnnx(path), calibration, { ...normalizationOf(path) });
    const pixels = await evaluation.read(0, IMAGES);
    await expectSameBits(device!, network, pixels, simulateAll(network, pixels, WAVES), { waves: WAVES });
  });

  // minutes of literal simulation
  it.skipIf(!SOAK)('squeezenet1.1-imagenet (concatenations, 224 × 224), K = 4, one photograph', async () => {
    const path = modelPath('squeezenet1.1-imagenet');
    const pixels = await photographs(1, 224);
    if (!path || !pixels) return;
    const network = await convert(device!, await importOnnx(path), pixels, { ...normalizationOf(path) });
    await expectSameBits(device!, network, pixels, simulateAll(network, pixels, 1), { waves: 1 });
  });
});
