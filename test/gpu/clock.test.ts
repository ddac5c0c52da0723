import { expect, it } from 'vitest';
import { makeClock } from '../../src/gpu/clock.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

describeOnDevice('clock', () => {
  it('marks are in the order of the work, in one submission and over several', async (context) => {
    const clock = makeClock(device!, 3);
    if (!clock) return context.skip('the device has no timestamps');
    for (const marks of [[0, 1], [2]]) {
      const encoder = device!.handle.createCommandEncoder();
      for (const mark of marks) clock.mark(encoder, mark);
      device!.handle.queue.submit([encoder.finish()]);
    }
    const [first, second, third] = await clock.read();
    clock.dispose();
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThanOrEqual(first);
    expect(third).toBeGreaterThanOrEqual(second);
    device!.check();
  });
});
