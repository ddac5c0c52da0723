import { describe, expect, it } from 'vitest';
import { vgg16 } from '../../bench/networks.ts';
import { DeviceError } from '../../src/errors.ts';
import { makeAnnPlan } from '../../src/plan/cells/plan.ts';
import type { PlanLimits } from '../../src/plan/limits.ts';

/** What every WebGPU device offers. */
const LIMITS: PlanLimits = {
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  maxUniformBufferBindingSize: 2 ** 16,
};
/** So many images that their cells are the largest buffer that is bound whole. */
const BATCH = 128;
// 8 output channels of a hidden layer are 8 · 2100 · 4 bytes: more than a uniform binding
const network = vgg16({ width: 0.125, hidden: 2100, classes: 10, resolution: 32 });
const whole = makeAnnPlan(network, LIMITS, BATCH);
const total = (bytes: Readonly<Record<string, number>>) => Object.values(bytes).reduce((sum, n) => sum + n, 0);

describe('the trained network', () => {
  it('says how large every buffer is', () => {
    expect(whole.bytes.weights).toBe(whole.data.weights.byteLength);
    expect(whole.bytes.channels).toBe(whole.data.channels.byteLength);
    expect(whole.bytes.logits).toBe(3 * BATCH * 16);
    expect(whole.bytes.pixels).toBeGreaterThanOrEqual(BATCH * 3 * 32 * 32);
  });

  it('is cut to a storage binding: cells by the batch, weights in shares', () => {
    const binding = whole.bytes.cells - 1;
    expect(makeAnnPlan(network, { ...LIMITS, maxStorageBufferBindingSize: binding }, BATCH).batch).toBe(BATCH / 2);
    const small = makeAnnPlan(network, { ...LIMITS, maxStorageBufferBindingSize: 2 ** 22 }, 1);
    expect(small.bytes.weights).toBeGreaterThan(2 ** 22);
    const hidden = small.dispatches.filter(
      ({ kernel, layer }) => kernel === 'ann-convolve' && network.layers[layer].name === 'hidden2',
    );
    expect(hidden.length).toBe(Math.ceil((263 * 8 * 2100 * 4) / (Math.floor(2 ** 22 / (8 * 2100 * 4)) * 8 * 2100 * 4)));
    let tile = 0;
    for (const { weights, parameters, tiles } of hidden) {
      expect(weights).toMatchObject({ first: tile, tiles, uniform: false });
      expect(parameters.firstTile).toBe(tile);
      expect(weights?.bytes).toBeLessThanOrEqual(2 ** 22);
      tile += tiles;
    }
    expect(tile).toBe(263);
  });

  it('is refused where all weights together exceed a buffer, and where a table exceeds a binding', () => {
    const refused = (limits: Partial<PlanLimits>) => () => makeAnnPlan(network, { ...LIMITS, ...limits }, 1);
    expect(refused({ maxBufferSize: whole.bytes.weights })).not.toThrow();
    expect(refused({ maxBufferSize: whole.bytes.weights - 1 })).toThrow(DeviceError);
    expect(refused({ maxStorageBufferBindingSize: whole.bytes.bins })).not.toThrow();
    expect(refused({ maxStorageBufferBindingSize: whole.bytes.bins - 1 })).toThrow(/does not fit/);
  });

  it('keeps to the memory that it is given', () => {
    expect(makeAnnPlan(network, LIMITS, BATCH, { memory: total(whole.bytes) }).batch).toBe(BATCH);
    expect(makeAnnPlan(network, LIMITS, BATCH, { memory: total(whole.bytes) - 1 }).batch).toBe(BATCH / 2);
    expect(() => makeAnnPlan(network, LIMITS, 1, { memory: whole.bytes.weights })).toThrow(/does not fit/);
  });
});
