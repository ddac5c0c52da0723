import { it } from 'vitest';
import { convert } from '../../src/convert/convert.ts';
import { openDataSet } from '../../src/data/open.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { parseNeuron } from '../../src/neuron/neuron.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { SteppedSession } from '../../src/run/stepped-session.ts';
import { expectSameAccumulators, expectSamePotentials, simulateAllSteps } from '../helpers/compare-steps.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { cifar10Folder, modelPath, normalizationOf } from '../helpers/shared.ts';

/** A trained network on the grid, and CIFAR-10 images; null, with a printed reason, where they are not there. */
async function trained(name: string, images: number): Promise<{ network: SpikingNetwork; pixels: Uint8Array } | null> {
  const folder = cifar10Folder();
  const path = modelPath(name);
  if (!folder || !path) return null;
  const { evaluation } = await openDataSet(`cifar10:${folder}`);
  const calibration = await evaluation.read(100, 50);
  const network = await convert(device as Device, await importOnnx(path), calibration, { ...normalizationOf(path), phaseBits: 4 });
  return { network, pixels: await evaluation.read(0, images) };
}

describeOnDevice('trained networks on real images: the stepped engine equals the literal simulation, neuron for neuron', () => {
  it.each([
    // residual joins, a global average pool; the first word is complete after 80 steps
    { name: 'resnet20-cifar10', text: 'bistable', synchronous: true, timesteps: 80 },
    { name: 'resnet20-cifar10', text: 'bistable', synchronous: false, timesteps: 50 },
    { name: 'resnet20-cifar10', text: 'if', synchronous: true, timesteps: 20 },
    // five max pools, widths down to 2
    { name: 'vgg16-slim-cifar10', text: 'bistable', synchronous: true, timesteps: 66 },
    { name: 'vgg16-slim-cifar10', text: 'burst:5', synchronous: true, timesteps: 10 },
    { name: 'vgg16-slim-cifar10', text: 'phase', synchronous: true, timesteps: 14 },
  ])('$name, $text, synchronous neurons: $synchronous, T = $timesteps', async (row) => {
    const { name, text, synchronous, timesteps } = row;
    const found = await trained(name, 1);
    if (!found) return;
    const { network, pixels } = found;
    const options = { neuron: parseNeuron(text), synchronous, timesteps };
    const reference = simulateAllSteps(network, pixels, options);
    const session = await SteppedSession.create(device as Device, network, { ...options, batch: 1 });
    try {
      await expectSamePotentials(session, pixels, reference);
      await expectSameAccumulators(session, reference);
    } finally {
      session.dispose();
    }
  });
});
