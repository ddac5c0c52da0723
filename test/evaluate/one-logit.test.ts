/** A classifier of one logit: classes 0 and 1, told apart by its sign. */

import { afterAll, expect, it } from 'vitest';
import { type Ann, INPUT } from '../../src/ann/ann.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { explain } from '../../src/evaluate/explain.ts';
import { predict } from '../../src/evaluate/predict.ts';
import { POINTWISE } from '../../src/lower/parts/terms.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { dataSet, shape } from './data-sets.ts';

/** Grey images of 2 × 2, brighter one by one; the logit is their brightness less that of grey 100. */
const input = shape(1, 2, 2);
const levels = [10, 40, 70, 95, 105, 130, 160, 250];
const pixels = Uint8Array.from(levels.flatMap((level) => [level, level, level, level]));
const linear = (source: number, weights: Float32Array, kernel: readonly [number, number]) =>
  ({ source, operator: { type: 'convolution', weights, window: { ...POINTWISE, kernel }, groups: 1 } }) as const;
const ann: Ann = {
  name: 'brightness',
  input,
  layers: [
    {
      kind: 'neurons',
      name: 'grey',
      shape: shape(1, 2, 2),
      terms: [linear(INPUT, Float32Array.of(0.25), [1, 1])],
      bias: Float32Array.of(0.5),
      ceiling: Number.POSITIVE_INFINITY,
    },
    {
      kind: 'readout',
      name: 'logit',
      shape: shape(1, 1, 1),
      terms: [linear(0, new Float32Array(4).fill(1), [2, 2])],
      bias: Float32Array.of(-400 / 255),
    },
  ],
};
const labels = levels.map((level) => Number(level > 100));
const images = (given: readonly number[]) => ({ ...dataSet(pixelsSource(pixels, input, given)), classes: ['dark', 'bright'] });

afterAll(() => device?.dispose());

describeOnDevice('one logit', () => {
  it('has two classes, and is right by its sign', async () => {
    const result = await evaluate(device!, ann, images(labels), { phaseBits: 8 });
    expect(result).toMatchObject({ classes: 2, ann: { top1: 1, top5: 1 }, snn: { top1: 1 } });
    const wrong = await evaluate(device!, ann, images(labels.with(0, 1).with(7, 0)), { phaseBits: 8 });
    expect(wrong.ann.top1).toBe(6 / 8);
  });

  it('refuses a third class', async () => {
    await expect(evaluate(device!, ann, images(labels.with(3, 2)), { phaseBits: 8 })).rejects.toThrow(
      /has class 2, and model "brightness" has 2 classes/,
    );
  });

  it('is predicted with a score for each class', async () => {
    const { images: found } = await predict(device!, ann, images(labels), { phaseBits: 8 });
    expect(found.map((one) => one.class)).toEqual(labels);
    expect(found.map((one) => one.annClass)).toEqual(labels);
    const [{ top }] = found;
    expect(top.map(({ name }) => name)).toEqual(['dark', 'bright']);
    expect(top[0].annLogit).toBe(0);
    expect(top[1].annLogit).toBeCloseTo((4 * 10 - 400) / 255, 4);
    expect(top[0].shares.at(-1)! + top[1].shares.at(-1)!).toBeCloseTo(1, 12);
    expect(top[1].annShare).toBeCloseTo(1 / (1 + Math.exp(360 / 255)), 4);
  });

  it('has K chosen without labels, and its loss explained', async () => {
    // Grey 95 and 105 are as good as 0: no loss is expected where the trained network is not sure.
    expect((await evaluate(device!, ann, images(labels), { phaseBits: 'auto' })).snn.top1).toBeGreaterThanOrEqual(6 / 8);
    const { ann: trained, error } = await explain(device!, ann, images(labels), { phaseBits: 4 });
    expect(trained.top1).toBe(1);
    expect(error.words.every((of) => of >= 0 && of < 0.2)).toBe(true);
  });
});
