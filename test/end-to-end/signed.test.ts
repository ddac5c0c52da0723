/** Networks with twins, ones and averages of varying divisors: the engines give the reference's bits of them. */

import { expect, it } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { convert } from '../../src/convert/convert.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { expectSameBits, simulateAll } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { between, bn, node, random, relu, weights } from '../helpers/onnx-networks.ts';
import { randomPixels } from '../helpers/random-network.ts';

const SAME = { pads: [1, 1, 1, 1] };

/** Max pool, depthwise, 1 × 1, leaky slope, BatchNormalization, padded convolution, ReLU, average with varying divisor. */
const model = () =>
  between(
    4 * 16,
    [
      node('MaxPool', ['a'], 'p', { kernel_shape: [2, 2] }),
      node('Conv', ['p', 'w', 'b'], 'c', { ...SAME, group: 4 }),
      node('Conv', ['c', 'w2', 'b2'], 'd'),
      node('LeakyRelu', ['d'], 'l', { alpha: { real: 0.2 } }),
      node('BatchNormalization', ['l', 's', 'o', 'm', 'v'], 'n'),
      node('Conv', ['n', 'w3'], 'e', SAME),
      relu('e', 'r'),
      node('AveragePool', ['r'], 'z', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    ],
    { ...weights(4, 1, 3, 3), w2: random(4, 4, 1, 1), b2: random(4), w3: random(4, 4, 3, 3), ...bn(4) },
  );

describeOnDevice('twins, ones and averages on the device', () => {
  it('every word, membrane and potential is the reference’s', async () => {
    const ann = await importOnnx(model());
    expect(ann.layers.some(({ name }) => name.startsWith('ones'))).toBe(true);
    expect(ann.layers.some(({ name }) => name.endsWith('/off'))).toBe(true);
    const pixels = randomPixels(ann.input, 3, 5);
    expect(pixels).toHaveLength(3 * shapeSize(ann.input));
    const network = await convert(device!, ann, pixels, { phaseBits: 4, correctBias: true });
    await expectSameBits(device!, network, pixels, simulateAll(network, pixels, 3), { waves: 3 });
  });
});
