import { expect, it } from 'vitest';
import { convert } from '../../src/convert/convert.ts';
import type { Device } from '../../src/gpu/device.ts';
import { saveNetwork } from '../../src/network/saved/save.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { hardware } from '../helpers/hardware.ts';
import { randomAnn, randomPixels } from '../helpers/random-network.ts';
import { residualAnn } from '../network/hand-made.ts';

const RECIPE = { layers: 5, channels: 12, size: 9, phaseBits: 4, waves: 1, initial: 'half' } as const;
const NETWORKS = [residualAnn(8), ...[3, 4].map((seed) => randomAnn({ ...RECIPE, seed }))];

// more images than grids are looked for on, and than a batch of 64 has
const IMAGES = 70;

describeOnDevice('one network and its images, one conversion', () => {
  it.each(NETWORKS)('$name: the same bytes from both kinds of kernels, whatever the batch', async (net) => {
    const pixels = randomPixels(net.input, IMAGES, 5);
    const saved = async (on: Device, phaseBits: 4 | 'auto', batch: number) =>
      Buffer.from(await saveNetwork(await convert(on, net, pixels, { mean: [0.45], std: [0.25], phaseBits, batch }))).toString(
        'hex',
      );
    for (const phaseBits of [4, 'auto'] as const) {
      const first = await saved(device!, phaseBits, 64);
      expect(await saved(device!, phaseBits, 7)).toBe(first);
      expect(await saved(hardware!, phaseBits, 500)).toBe(first);
    }
  });
});
