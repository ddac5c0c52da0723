import { describe, expect, it } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { DeviceError } from '../../src/errors.ts';
import { liveBytes } from '../../src/gpu/buffers.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { Program } from '../../src/plan/program.ts';
import { sparing } from '../../src/run/sparing.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { scarceDevice } from '../helpers/scarce-device.ts';
import { KINDS, TRAINED, WINDOWED } from '../helpers/sessions.ts';
import { SOAK } from '../helpers/soak.ts';

const outOfMemory = () => new DeviceError('out-of-memory', 'here', 'none left', 'choose a smaller batch');

describe('a batch for which there is no memory', () => {
  const plan = (batch = 20) => ({ batch }) as Program;
  /** Makes nothing of more images than that. */
  const maker = (most: number) => {
    const tried: number[] = [];
    const make = async ({ batch }: Program, refused: number | null) => {
      tried.push(batch);
      if (batch > most) throw outOfMemory();
      return { batch, refused };
    };
    return { tried, make };
  };

  it.each([
    [20, [20], null],
    [19, [20, 10], 20],
    [3, [20, 10, 5, 2], 20],
    [1, [20, 10, 5, 2, 1], 20],
  ])('memory for %i: %j', async (most, batches, refused) => {
    const { tried, make } = maker(most);
    expect(await sparing(plan, make)).toEqual({ batch: batches[batches.length - 1], refused });
    expect(tried).toEqual(batches);
  });

  it('none for one image is said; another error ends it at once', async () => {
    const { tried, make } = maker(0);
    await expect(sparing(plan, make)).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(tried).toEqual([20, 10, 5, 2, 1]);
    const fault = new DeviceError('validation', 'here', 'wrong', 'report it');
    await expect(sparing(plan, () => Promise.reject(fault))).rejects.toBe(fault);
  });
});

describeOnDevice.each(SOAK ? KINDS : [WINDOWED])('$name: a device without memory', (kind) => {
  it('takes half the images, says so, gives the same, and keeps nothing of what failed', async () => {
    const size = shapeSize(TRAINED.input);
    const pixels = randomPixels(TRAINED.input, 5, 3);
    const whole = await kind.create(device as Device, { batch: 5 });
    expect([whole.plan.batch, whole.refusedBatch]).toEqual([5, null]);
    const expected = await kind.results(whole, pixels);
    whole.dispose();
    const scarce = await scarceDevice(2 * size + 16);
    const session = await kind.create(scarce, { batch: 5 });
    expect([session.plan.batch, session.refusedBatch]).toEqual([2, 5]);
    expect(liveBytes(scarce)).toBe(session.bytes);
    expect(await kind.results(session, pixels)).toEqual(expected);
    session.dispose();
    scarce.dispose();
  });

  it('for one image: says so', async () => {
    const scarce = await scarceDevice(16);
    await expect(kind.create(scarce, { batch: 5 })).rejects.toMatchObject({ name: 'DeviceError', code: 'out-of-memory' });
    expect(liveBytes(scarce)).toBe(0);
    scarce.dispose();
  });
});
