import { expect, it } from 'vitest';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { planWords } from '../../src/plan/words/plan.ts';
import { Session } from '../../src/run/session.ts';
import { expectSameBits, simulateAll } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { ann, convolution, map, neurons, onGrid, pool, randomWeights, readout, square } from '../network/hand-made.ts';

/** The reference's potentials of the first and the last of so many images, run at once. @param dispatches more workgroups than one dimension takes */
async function expectEnds(network: SpikingNetwork, images: number, dispatches: readonly number[]): Promise<void> {
  const pixels = randomPixels(network.input.shape, images, 1);
  const session = await Session.create(device!, network, { batch: images, waves: 1 });
  try {
    expect(session.plan.batch).toBe(images);
    for (const d of dispatches) expect(session.plan.dispatches[d].invocations / 64).toBeGreaterThan(65535);
    const { potentials } = await session.classify(pixels);
    const bytes = pixels.length / images;
    for (const n of [0, images - 1]) {
      const [reference] = simulateAll(network, pixels.subarray(n * bytes, (n + 1) * bytes), 1);
      reference.potentials.forEach((expected, p) => {
        expect([...potentials.subarray((p * images + n) * 2, (p * images + n + 1) * 2)]).toEqual([...expected]);
      });
    }
  } finally {
    session.dispose();
  }
}

describeOnDevice('more workgroups than one dimension takes', () => {
  it('of a layer', async () => {
    const input = { channels: 1, height: 2_200_032, width: 2 }; // an odd number of workgroups: half of them is not whole
    const rows = { ...square(1), kernel: [100_000, 1] as const, stride: [100_000, 1] as const };
    const shrunk = pool('shrink', 0, input, 'average', rows);
    const network = onGrid(
      ann(input, [
        neurons('long', input, [convolution(-1, [1.3])], [0.1]),
        shrunk,
        readout(2, [convolution(1, randomWeights(1, 2, 44), { ...square(1), kernel: [22, 2] })]),
      ]),
      { phaseBits: 2 },
    );
    const plan = planWords(network, device!.limits, { batch: 1, waves: 1 });
    expect(plan.dispatches[1].invocations / 64).toBeGreaterThan(65535);
    const pixels = randomPixels(input, 1, 1);
    await expectSameBits(device!, network, pixels, simulateAll(network, pixels, 1), { waves: 1 });
  });

  it('of the pixels', async () => {
    // 2^20 places of 9 images: 65,536 workgroups of 32 places of 8 images
    const input = map(1, 1024);
    const network = onGrid(
      ann(input, [
        neurons('sparse', map(1, 16), [convolution(-1, [1.7], square(1, { stride: [67, 65] }))], [0.1]),
        readout(2, [convolution(0, randomWeights(1, 2, 256), square(16))]),
      ]),
    );
    await expectEnds(network, 9, [0]);
  });

  it('of a pool', async () => {
    // 2^18 places of an image, 17 at once: 4.4 million invocations, 69,632 workgroups
    const input = map(1, 512);
    const same = pool('blur', 0, input, 'max', square(3, { pads: [1, 1, 1, 1] }));
    const shrunk = pool('shrink', 1, input, 'average', square(64, { stride: [64, 64] }));
    const network = onGrid(
      ann(input, [
        neurons('wide', input, [convolution(-1, [1.7])], [0.1]),
        same,
        shrunk,
        readout(2, [convolution(2, randomWeights(1, 2, 64), square(8))]),
      ]),
    );
    await expectEnds(network, 17, [2]);
  });
});
