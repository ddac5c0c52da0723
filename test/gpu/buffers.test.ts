import { afterAll, expect, it } from 'vitest';
import { Buffers, liveBytes, mapForReading, peakBytes, readBuffer, resetPeakBytes } from '../../src/gpu/buffers.ts';
import type { Device } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

afterAll(() => device?.dispose());

describeOnDevice('bytes of a device’s buffers', () => {
  it('live is what is there, peak the most since it was reset', () => {
    expect(liveBytes(device!)).toBe(0);
    const [a, b] = [new Buffers(device!), new Buffers(device!)];
    a.create('a', 'storage', 1000);
    b.create('b', 'readback', 32);
    // sizes are rounded up to 16
    expect(liveBytes(device!)).toBe(1008 + 32);
    a.dispose();
    expect([liveBytes(device!), peakBytes(device!)]).toEqual([32, 1040]);
    resetPeakBytes(device!);
    expect(peakBytes(device!)).toBe(32);
    b.create('c', 'uniform', 64);
    b.dispose();
    b.dispose();
    expect([liveBytes(device!), peakBytes(device!)]).toEqual([0, 96]);
  });

  it('what is read back counts while it is', async () => {
    const buffers = new Buffers(device!);
    const source = buffers.create('source', 'storage', 256, Uint32Array.of(7));
    resetPeakBytes(device!);
    expect(new Uint32Array(await readBuffer(device!, source, 0, 64))[0]).toBe(7);
    expect([liveBytes(device!), peakBytes(device!)]).toEqual([256, 320]);
    buffers.dispose();
  });

  it('devices are counted apart', async () => {
    const other = await openDevice();
    const buffers = new Buffers(other);
    buffers.create('a', 'storage', 16);
    expect([liveBytes(other), liveBytes(device!)]).toEqual([16, 0]);
    buffers.dispose();
    other.dispose();
  });
});

it('a buffer whose owner is gone is not mapped: that would be an error of the device', async () => {
  let mapped = 0;
  const buffer = {
    mapAsync: async () => {
      mapped++;
    },
    getMappedRange: () => new ArrayBuffer(4),
  } as unknown as GPUBuffer;
  const hardware = { until: (work: Promise<unknown>) => work } as Device;
  const gone = () => {
    throw new Error('was disposed');
  };
  await expect(mapForReading(hardware, buffer, gone)).rejects.toThrow('was disposed');
  expect(mapped).toBe(0);
  expect((await mapForReading(hardware, buffer, () => {})).byteLength).toBe(4);
  expect(mapped).toBe(1);
});
