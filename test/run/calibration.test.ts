import { afterEach, expect, it, vi } from 'vitest';
import { CalibrationSession } from '../../src/run/calibration-session.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { TRAINED } from '../helpers/sessions.ts';

const limit = vi.hoisted(() => ({ images: Number.POSITIVE_INFINITY }));
vi.mock('../../src/plan/counters.ts', async (original) => ({ ...(await original()), countableImages: () => limit.images }));
afterEach(() => {
  limit.images = Number.POSITIVE_INFINITY;
});

describeOnDevice('calibration on more images than 32 bits count', () => {
  it('reads its histograms in between, with the same sums', async () => {
    const images = pixelsSource(randomPixels(TRAINED.input, 7, 5), TRAINED.input);
    const options = { mean: [0.45], std: [0.25], batch: 2, countChannels: true };
    const session = await CalibrationSession.create(device!, TRAINED, images, options);
    const calibrate = async () => {
      const batches: number[] = [];
      const calibration = await session.calibrate(({ first }) => {
        batches.push(first);
      });
      const numbers = JSON.stringify(calibration, (_, value) => (ArrayBuffer.isView(value) ? [...(value as Uint32Array)] : value));
      return { batches, numbers };
    };
    const whole = await calibrate();
    expect(whole.batches).toEqual([0, 2, 4, 6]);
    limit.images = 4;
    expect(await calibrate()).toEqual(whole);
    session.dispose();
  });
});
