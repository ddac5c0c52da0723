import { describe, expect, it } from 'vitest';
import { resnet, vgg16 } from '../../bench/networks.ts';
import { BINS } from '../../src/ann/statistics.ts';
import { DeviceError } from '../../src/errors.ts';
import { cellsPackers, planCells } from '../../src/plan/cells/plan.ts';
import type { PlanLimits } from '../../src/plan/fit.ts';
import { totalBytes } from '../../src/plan/program.ts';
import { bytesOf, contentOf } from '../helpers/program.ts';

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
const whole = planCells(network, LIMITS, { batch: BATCH });
const bytes = bytesOf(whole);

describe('the trained network', () => {
  it('says how large every buffer is', () => {
    const packers = cellsPackers(network, [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]);
    // written without a RangeError, and not empty
    for (const name of ['weights', 'channels', 'normalization']) {
      expect(contentOf(whole, packers, name).some((byte) => byte !== 0)).toBe(true);
    }
    expect(whole.results).toEqual([
      { buffer: 'cells', offset: whole.layers[network.layers.length - 1] * 16, size: 3 * BATCH * 16 },
    ]);
    expect(bytes.pixels).toBeGreaterThanOrEqual(BATCH * 3 * 32 * 32);
  });

  it('reads back the cells of the classes alone, four of them to a cell, behind the cell that stands for padding', () => {
    const { layers, results, buffers } = planCells(network, LIMITS, { batch: 3, keepCells: true });
    expect(Math.min(...layers)).toBeGreaterThan(0);
    // 10 classes of 3 images: 9 cells of 16 bytes
    const last = layers[layers.length - 1] * 16;
    expect(results).toEqual([{ buffer: 'cells', offset: last, size: 9 * 16 }]);
    expect(last + 9 * 16).toBeLessThanOrEqual(buffers.cells.bytes);
  });

  it('is cut to a storage binding: cells by the batch, weights in shares', () => {
    const binding = bytes.cells - 1;
    expect(planCells(network, { ...LIMITS, maxStorageBufferBindingSize: binding }, { batch: BATCH }).batch).toBe(BATCH / 2);
    const small = planCells(network, { ...LIMITS, maxStorageBufferBindingSize: 2 ** 22 }, { batch: 1 });
    expect(bytesOf(small).weights).toBeGreaterThan(2 ** 22);
    const hidden = small.dispatches.filter(
      ({ kernel, layer }) => kernel === 'ann-convolve' && network.layers[layer].name === 'hidden2',
    );
    expect(hidden.length).toBe(Math.ceil((263 * 8 * 2100 * 4) / (Math.floor(2 ** 22 / (8 * 2100 * 4)) * 8 * 2100 * 4)));
    let tile = 0;
    for (const { variant, parameters, ranges, tiles } of hidden) {
      expect(variant.uniformWeights).toBe(false);
      expect(parameters.firstTile).toBe(tile);
      expect(ranges.weights.size).toBeLessThanOrEqual(2 ** 22);
      tile += tiles;
    }
    expect(tile).toBe(263);
  });

  it('is refused where all weights together exceed a buffer, and where a table exceeds a binding', () => {
    const refused = (limits: Partial<PlanLimits>) => () =>
      planCells(network, { ...LIMITS, ...limits }, { batch: 1, exact: { countChannels: false } });
    expect(refused({ maxBufferSize: bytes.weights })).not.toThrow();
    expect(refused({ maxBufferSize: bytes.weights - 1 })).toThrow(DeviceError);
    expect(refused({ maxStorageBufferBindingSize: BINS * 4 })).not.toThrow();
    expect(refused({ maxStorageBufferBindingSize: BINS * 4 - 1 })).toThrow(/bins/);
  });

  it('binds histograms layer by layer: those of 601 layers are more than a binding takes', () => {
    const deep = resnet({ depth: 602, width: 1 / 16, resolution: 8, classes: 10 });
    const plan = planCells(deep, LIMITS, { batch: 1, exact: { countChannels: false } });
    expect(bytesOf(plan).bins).toBeGreaterThan(LIMITS.maxStorageBufferBindingSize);
    const bound = plan.dispatches.filter(({ kernel }) => kernel === 'histogram').map(({ ranges }) => ranges.bins);
    expect(bound).toEqual(plan.counted.map((_, i) => ({ offset: i * BINS * 4, size: BINS * 4 })));
    expect(BINS * 4 * plan.counted.length).toBe(bytesOf(plan).bins);
  });

  it('keeps to the memory that it is given', () => {
    expect(planCells(network, LIMITS, { batch: BATCH, memory: totalBytes(whole) }).batch).toBe(BATCH);
    expect(planCells(network, LIMITS, { batch: BATCH, memory: totalBytes(whole) - 1 }).batch).toBe(BATCH / 2);
    expect(() => planCells(network, LIMITS, { batch: 1, memory: bytes.weights })).toThrow(/does not fit/);
  });
});
