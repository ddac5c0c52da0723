import { expect, it } from 'vitest';
import { settledSize } from '../../bench/growing.ts';
import { LAYERS, layerName, layerNetwork } from '../../bench/layers.ts';
import { countedMs, median, nextRepeat, Stopwatch } from '../../bench/measure.ts';
import { dotSum, loadSum } from '../../bench/peak.ts';
import { benchKernel, readBack } from '../../bench/shaders.ts';
import { Buffers } from '../../src/gpu/buffers.ts';
import type { Device } from '../../src/gpu/device.ts';
import { layerMacs } from '../../src/network/work.ts';
import { describeOnDevice, device as opened } from '../helpers/device.ts';

it.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])('median of %j', (values, expected) => {
  expect(median(values)).toBe(expected);
});

it.each([
  ['a sample of about the time asked for', 3, 19, 20, 3],
  ['a longer one', 1, 500, 20, 1],
  ['half of it', 10, 10, 20, 20],
  ['far too short: its time says little', 1, 0.01, 20, 16],
  ['no time at all, as a rounded clock has it', 5, 0, 20, 80],
  ['as often as it may', 4000, 1, 20, 4096],
])('repeats of a sample: %s', (_, repeat, taken, ms, expected) => {
  expect(nextRepeat(repeat, taken, ms)).toBe(expected);
});

it.each([
  ['the first size where the next brings nothing', [1, 2, 4, 8], [100, 104, 500, 500], 1],
  ['a size in between', [1, 2, 4, 8], [100, 190, 240, 241], 4],
  ['the last where the rate still grows', [1, 2, 4], [100, 200, 400], 4],
  ['the only one, unmeasured', [7], [], 7],
])('a rate settles at %s', async (_, sizes, rates, expected) => {
  const rateOf = (size: number) => Promise.resolve(rates[sizes.indexOf(size)]);
  expect(await settledSize(sizes, rateOf)).toBe(expected);
});

it('knows the multiply-adds of ResNet-20', () => {
  const macs = LAYERS.filter((shape) => shape.inResnet20 > 0).reduce((sum, shape) => {
    const { network, layer } = layerNetwork(shape);
    const neurons = network.layers[layer];
    if (neurons.kind !== 'neurons') throw new Error(`${layerName(shape)} is a ${neurons.kind}`);
    return sum + shape.inResnet20 * layerMacs(neurons);
  }, 0);
  // 19 convolutions 3×3 and two projections 1×1
  const stage = (channels: number, size: number) => channels * channels * 9 * size * size;
  const expected =
    3 * 16 * 9 * 1024 + 6 * stage(16, 32) + 5 * stage(32, 16) + 5 * stage(64, 8) + 16 * 32 * 10 * 256 + 32 * 64 * 10 * 64;
  expect(macs).toBe(expected);
});

describeOnDevice('micro-benchmarks compute what they say', () => {
  const device = opened as Device;
  const kernels = {
    'dot4U8Packed of three invocations': { name: 'dot_rate', conditions: { signed: false }, value: dotSum },
    'dot4I8Packed of three invocations': { name: 'dot_rate', conditions: { signed: true }, value: dotSum },
    'loads of u32 by lane': {
      name: 'load_rate',
      conditions: { constantPath: false, wide: false, byLane: true },
      value: (id: number) => loadSum(id & 63, false),
    },
    'loads of vec4u at one index': {
      name: 'load_rate',
      conditions: { constantPath: true, wide: true, byLane: false },
      value: () => loadSum(0, true),
    },
  };
  it.each(Object.entries(kernels))('%s', async (_, { name, conditions, value }) => {
    const buffers = new Buffers(device);
    const sums = buffers.create('sums', 'storage', 1024);
    const data = name === 'dot_rate' ? Uint32Array.of(0x01010101, 0x02020202) : Uint32Array.from({ length: 4096 }, (_, i) => i);
    const bound = buffers.create('data', name === 'dot_rate' ? 'uniform' : 'weights', data.byteLength, data);
    const kernel = await benchKernel(device, name, conditions, [sums, bound], 256);
    const stopwatch = new Stopwatch(device);
    const measured = await stopwatch.measure({ kernels: [kernel], repeat: 2 }, { samples: 3 });
    expect(countedMs(measured)).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(measured.spread)).toBe(true);
    const values = await readBack(device, sums, 256);
    for (const id of [0, 77, 255]) expect(values[id]).toBe(value(id));
    stopwatch.dispose();
    buffers.dispose();
  });
});
