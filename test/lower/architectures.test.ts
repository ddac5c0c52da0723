/** Well-known networks with linear bottlenecks, streams without ReLU and dense blocks: what they cost here, and what they give. */

import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { type Architecture, denseNet, mobileNetV1, mobileNetV2, preActResNet } from '../helpers/onnx-architectures.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';

/** Each weight once a place. */
const multiplyAdds = ({ layers }: Ann): number =>
  layers.reduce((all, layer) => {
    if (layer.kind === 'pool') return all;
    const weights = layer.terms.reduce((n, { operator }) => n + operator.weights.length, 0);
    return all + weights * layer.shape.height * layer.shape.width;
  }, 0);

/** The multiply-adds of the imported network at 224 × 224, at most, of the trained network's own. */
const ROWS: [name: string, make: (side: number) => Architecture, most: number][] = [
  ['MobileNetV1', mobileNetV1, 1],
  // bottlenecks and what reads them are computed for both twins
  ['MobileNetV2', mobileNetV2, 2.1],
  ['DenseNet-121', denseNet, 1],
  ['PreActResNet-18', preActResNet, 1.3],
];

describe('well-known networks with random weights', () => {
  it.each(ROWS)('%s at 224 × 224 costs little more than by itself', async (name, make, most) => {
    const { bytes, multiplyAdds: own } = make(224);
    const ann = await importOnnx(bytes);
    const here = multiplyAdds(ann);
    const millions = [own, here].map((n) => Math.round(n / 1e6));
    console.log(
      `${name}: ${millions[0]} million multiply-adds, ${millions[1]} here, ${(here / own).toFixed(3)} times, ${ann.layers.length} layers`,
    );
    expect(here / own).toBeLessThanOrEqual(most);
  });

  it.each(ROWS)('%s gives what ONNX Runtime gives', async (_, make) => {
    await expectSameAsOnnx(make(32).bytes, { n: 1 });
  });
});
