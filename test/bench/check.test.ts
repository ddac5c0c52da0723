import { expect, it } from 'vitest';
import { checkLayer } from '../../bench/check.ts';
import { checkedSession, randomImages } from '../../bench/kernels.ts';
import { layerName, layerNetwork } from '../../bench/layers.ts';
import { resnet, spiking } from '../../bench/networks.ts';
import type { Device } from '../../src/gpu/device.ts';
import { describeOnDevice, device as opened } from '../helpers/device.ts';

describeOnDevice('some neurons of a layer, computed again', () => {
  const device = opened as Device;
  const residual = spiking(resnet({ depth: 8, width: 0.5, resolution: 8, classes: 10 }));

  it.each([
    { inputs: 3, outputs: 20, size: 23, kernel: 11, stride: 4, pad: 2, first: true, inResnet20: 0 },
    { inputs: 12, outputs: 12, size: 9, kernel: 3, stride: 1, groups: 12, inResnet20: 0 },
    { inputs: 40, outputs: 24, size: 1, kernel: 1, stride: 1, inResnet20: 0 },
  ])('$kernel × $kernel, $inputs to $outputs channels', async (shape) => {
    const { network, layer } = layerNetwork(shape);
    expect(network.layers[layer].name).toBe(layerName(shape));
    (await checkedSession(device, network, layer, { batch: 9 })).dispose();
  });

  it('shortcuts and strides of a residual network', async () => {
    (await checkedSession(device, residual, residual.layers.length - 3, { batch: 4 })).dispose();
  });

  it('finds that the words are of other pixels, or of other weights', async () => {
    const session = await checkedSession(device, residual, 0, { batch: 4 });
    const pixels = randomImages(residual, 4);
    await expect(
      checkLayer(
        session,
        pixels.map((p) => 255 - p),
        0,
      ),
    ).rejects.toThrow(/stem.*word \d+, not \d+/);
    const layer = residual.layers[2];
    if (layer.kind !== 'neurons') throw new Error('the second layer of a block has a shortcut');
    const { operator } = layer.terms[1];
    expect(operator.type).toBe('identity');
    operator.weights.fill(0);
    await expect(checkLayer(session, pixels, 2)).rejects.toThrow(/stage1.0.b/);
    session.dispose();
  });
});
