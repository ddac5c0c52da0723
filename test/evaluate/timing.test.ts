import { afterAll, expect, it } from 'vitest';
import { openDataSet } from '../../src/data/open.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { Stopwatch } from '../../src/evaluate/stopwatch.ts';
import { Buffers, liveBytes, peakBytes } from '../../src/gpu/buffers.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

const MODEL = 'datasets/models/mnist-resnet.onnx';

afterAll(() => device?.dispose());

it('a stopwatch says when each stage began, and adds up its parts', async () => {
  const stopwatch = new Stopwatch();
  const rest = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
  await stopwatch.time('import', rest);
  await stopwatch.time('compile', rest);
  const once = stopwatch.stages.compile;
  await stopwatch.time('compile', rest);
  const { import: imported = -1, compile = -1 } = stopwatch.begun;
  expect(imported).toBeLessThan(compile);
  expect(imported).toBeGreaterThanOrEqual(0);
  expect(compile).toBeGreaterThanOrEqual(stopwatch.stages.import);
  expect(stopwatch.stages.compile).toBeGreaterThan(once);
  expect(stopwatch.seconds).toBeGreaterThanOrEqual(compile + stopwatch.stages.compile);
});

describeOnDevice('timing of an evaluation', () => {
  it('parts fit into wholes; the GPU’s share is known where it has a clock; all memory is given back', async () => {
    const { timing } = await evaluate(device!, MODEL, await openDataSet('mnist'), {
      phaseBits: 4,
      limit: 80,
      calibration: 32,
      batch: 32,
    });
    const before = timing.importSeconds + timing.compileSeconds + timing.calibrationSeconds + timing.annSeconds;
    expect(timing.firstResultSeconds).toBeGreaterThan(before);
    expect(timing.firstResultSeconds).toBeLessThan(before + timing.snnSeconds + 1);
    expect(timing.firstResultSeconds).toBeLessThan(timing.seconds);
    expect(timing.steadyImagesPerSecond).toBeGreaterThan(0);
    // 48 images after the first batch took no longer than the whole run
    expect(48 / timing.steadyImagesPerSecond!).toBeLessThan(timing.snnSeconds);
    if (device!.handle.features.has('timestamp-query')) {
      expect(timing.gpuIdleShare).toBeGreaterThanOrEqual(0);
      expect(timing.gpuIdleShare).toBeLessThan(1);
    } else expect(timing.gpuIdleShare).toBeNull();
    expect(timing.peakGpuBytes).toBe(peakBytes(device!));
    expect(liveBytes(device!)).toBe(0);
  });

  it('one batch has no steady rate', async () => {
    const { timing } = await evaluate(device!, MODEL, await openDataSet('mnist'), {
      phaseBits: 4,
      limit: 8,
      calibration: 8,
      waves: 1,
    });
    expect(timing.steadyImagesPerSecond).toBeNull();
  });

  it('the peak is that of the call, not of what came before', async () => {
    const large = new Buffers(device!);
    large.create('of something before', 'storage', 2 ** 28);
    large.dispose();
    const options = { phaseBits: 4, limit: 8, calibration: 8, waves: 1 };
    const small = await evaluate(device!, MODEL, await openDataSet('mnist'), { ...options, batch: 4 });
    const wide = await evaluate(device!, MODEL, await openDataSet('mnist'), { ...options, batch: 8 });
    expect(wide.timing.peakGpuBytes).toBeLessThan(2 ** 28);
    expect(wide.timing.peakGpuBytes).toBeGreaterThan(small.timing.peakGpuBytes);
  });
});
