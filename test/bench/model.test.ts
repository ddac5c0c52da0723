import { describe, expect, it } from 'vitest';
import { type Card, costs, foresee, type LayerCost } from '../../bench/model.ts';
import { resnet, spiking } from '../../bench/networks.ts';
import { planWords } from '../../src/plan/words/plan.ts';

const card: Card = { name: 'made up', gmacs: 100, gbps: 10, dispatchUs: 5, uploadGbps: 1 };
const layer = (macs: number, bytes: number, dispatches: number): LayerCost => ({ layer: 0, name: '', macs, bytes, dispatches });

describe('the model', () => {
  it('takes of each layer what bounds it, and adds its dispatches', () => {
    const found = foresee([layer(1e9, 1e7, 1), layer(1e6, 1e8, 3)], 10, 100, card);
    expect(found.parts.macs).toBeCloseTo(0.01, 12);
    expect(found.parts.bytes).toBeCloseTo(0.01, 12);
    expect(found.parts.dispatches).toBeCloseTo(20e-6, 12);
    expect(found.gpuSeconds).toBeCloseTo(0.02002, 12);
    expect(found.imagesPerSecond).toBeCloseTo(10 / 0.02002, 6);
  });

  it('is bound by the upload where that takes longer', () => {
    const { uploadSeconds, imagesPerSecond } = foresee([layer(1, 1, 0)], 10, 1e6, card);
    expect(uploadSeconds).toBeCloseTo(0.01, 12);
    expect(imagesPerSecond).toBeCloseTo(1000, 6);
  });

  it('counts what a plan multiplies, moves and dispatches', () => {
    const network = spiking(resnet({ depth: 8, width: 1, resolution: 32, classes: 10 }));
    const limits = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28, maxUniformBufferBindingSize: 65536 };
    const plan = planWords(network, limits, { batch: 4, waves: 3 });
    const found = costs(network, plan);
    const sum = (of: (one: LayerCost) => number) => found.reduce((total, one) => total + of(one), 0);
    // of three waves the stem is computed once
    expect(sum(({ macs }) => macs) + 2 * found[1].macs).toBe(plan.dispatches.reduce((total, { macs }) => total + macs, 0));
    expect(sum(({ dispatches }) => dispatches)).toBe(plan.dispatches.length);
    // 3 channels of 32² uploaded, written as one block of 4
    expect(found[0].bytes).toBe(4 * (3 + 4) * 1024);
    // the stem: the input's words once, 16 channels in 3 waves, 2 tiles of weights of one block
    expect(found[1].bytes).toBe(4 * 4 * 1024 + 4 * 16 * 1024 * 3 + 2 * 8 * 9 * 4);
    expect(found[1].macs).toBe(4 * 16 * 27 * 1024);
  });
});
