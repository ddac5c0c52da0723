/** Well-known networks: their sizes, what they cost here, and what they give. */

import { describe, expect, it } from 'vitest';
import { ARCHITECTURES } from '../../bench/architectures/all.ts';
import type { Architecture } from '../../bench/architectures/growing.ts';
import { inceptionV1, inceptionV2 } from '../../bench/architectures/inception.ts';
import { multiplyAddsOf } from '../../bench/architectures/multiply-adds.ts';
import { bottleneckResNet, denseNet, preActResNet, resNet } from '../../bench/architectures/residual.ts';
import { mobileNetV1, mobileNetV2, shuffleNetV2, squeezeNet } from '../../bench/architectures/small.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';

/** Millions of multiply-adds at 224 × 224 as they are published, some of them rounded; of the imported network at most so many times its own. */
const ROWS: [name: string, published: number, most: number][] = [
  ['ResNet-18', 1814, 1.01],
  ['ResNet-34', 3664, 1.01],
  ['ResNet-50', 4089, 1.01],
  ['PreActResNet-18', 1814, 1.3],
  ['DenseNet-121', 2834, 1.01],
  ['Inception-v1', 1580, 1.01],
  ['Inception-v2', 2000, 1.01],
  ['MobileNetV1', 569, 1],
  // bottlenecks and what reads them are computed for both twins
  ['MobileNetV2', 301, 2.1],
  ['ShuffleNetV2', 146, 1.4],
  ['SqueezeNet-1.1', 349, 1.01],
];

/** The same forms on small images, some in fewer blocks. */
const SMALL: [name: string, make: () => Architecture][] = [
  ['ResNet of basic blocks', () => resNet(32, [1, 2])],
  ['ResNet of bottlenecks', () => bottleneckResNet(32, [1, 2])],
  ['PreActResNet', () => preActResNet(32)],
  ['DenseNet', () => denseNet(32)],
  ['Inception v1', () => inceptionV1(64)],
  ['Inception v2', () => inceptionV2(64)],
  ['MobileNetV1', () => mobileNetV1(32)],
  ['MobileNetV2', () => mobileNetV2(32)],
  ['ShuffleNetV2', () => shuffleNetV2(32, [2, 2])],
  ['SqueezeNet', () => squeezeNet(32)],
];

describe('well-known networks with random weights', () => {
  it('are all looked at', () => {
    expect(ROWS.map(([name]) => name).sort()).toEqual(Object.keys(ARCHITECTURES).sort());
  });

  it.each(ROWS)('%s at 224 × 224 has its size, and costs little more than by itself', async (name, published, most) => {
    const { bytes, multiplyAdds: own } = ARCHITECTURES[name](224);
    expect(Math.abs(own / (published * 1e6) - 1)).toBeLessThan(0.02);
    const here = multiplyAddsOf(await importOnnx(bytes));
    expect(here / own).toBeLessThanOrEqual(most);
  });

  it.each(SMALL)('%s gives what ONNX Runtime gives', async (_, make) => {
    await expectSameAsOnnx(make().bytes, { n: 1 });
  });
});
