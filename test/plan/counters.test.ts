import { describe, expect, it } from 'vitest';
import { resnet } from '../../bench/networks.ts';
import { planCells } from '../../src/plan/cells/plan.ts';
import { countableImages, countsSpikes } from '../../src/plan/counters.ts';
import { planWords } from '../../src/plan/words/plan.ts';
import { residual } from '../network/hand-made.ts';

const LIMITS = { maxStorageBufferBindingSize: 2 ** 40, maxBufferSize: 2 ** 40, maxUniformBufferBindingSize: 2 ** 16 };

const layer = (kind: string, height: number, width: number) => ({ kind, shape: { channels: 1, height, width } });

describe('counters of 32 bits', () => {
  it('spikes of a layer in a batch: one below 2^32 is counted', () => {
    const layers = [layer('neurons', 2 ** 10, 2 ** 10), layer('pool', 2 ** 20, 2 ** 10), layer('neurons', 3, 5)];
    expect(countsSpikes(layers, 2, 2 ** 11)).toBe(false);
    expect(countsSpikes(layers, 2, 2 ** 11 - 1)).toBe(true);
    // 3 · 5 · 17 · 257 · 65537 = 2^32 − 1
    expect(countsSpikes([layer('neurons', 3, 5)], 17 * 257, 65537)).toBe(true);
  });

  it('activations of a layer over a calibration: as many whole batches as 32 bits count', () => {
    const layers = [layer('neurons', 2 ** 10, 2 ** 10)];
    expect(countableImages(layers, 1)).toBe(2 ** 12 - 1);
    expect(countableImages(layers, 64)).toBe(2 ** 12 - 64);
    expect(countableImages(layers, 2 ** 13)).toBe(2 ** 13);
    expect(countableImages([], 64)).toBeGreaterThan(2 ** 31);
  });

  it('the windowed engine cuts its batch so that no counter of spikes can overflow', () => {
    const network = residual();
    const neurons = 12 * 12 * 12;
    const { batch } = planWords(network, LIMITS, { batch: 2 ** 14, waves: 128, memory: 2 ** 45 });
    const spikes = 128 * 4;
    expect(neurons * batch * spikes).toBeLessThan(2 ** 32);
    expect(neurons * 2 * batch * spikes).toBeGreaterThanOrEqual(2 ** 32);
  });

  it('where K differs by depth, the depth with the longest words decides', () => {
    // 128 words of 8 spikes: 2^32 / (12 · 12 · 12 · 1024) is 2427
    const network = residual(12, [2, 2, 8, 2, 2, 2, 2]);
    expect(planWords(network, LIMITS, { batch: 2 ** 14, waves: 128, memory: 2 ** 45 }).batch).toBe(2048);
  });

  it('no binding is larger than 32 bits address, whatever a device offers', () => {
    const { batch, buffers } = planCells(resnet({ depth: 8, width: 1, resolution: 32, classes: 10 }), LIMITS, {
      batch: 65535,
      memory: 2 ** 45,
    });
    expect(batch).toBeLessThan(65535);
    for (const { bytes } of Object.values(buffers)) expect(bytes).toBeLessThanOrEqual(2 ** 32);
  });
});
