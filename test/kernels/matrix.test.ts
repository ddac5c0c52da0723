import { describe, expect, it } from 'vitest';
import { requestDevice } from '../../src/gpu/device.ts';
import { planSession } from '../../src/run/session.ts';
import { expectSameBits, simulateAll } from '../helpers/compare.ts';
import { hardware } from '../helpers/hardware.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { ann, convolution, map, neurons, onGrid, randomWeights, readout, SAME, square } from '../network/hand-made.ts';

/** The tests' adapter as if it had these configurations of its matrix units alone, and, `varied`, subgroups of several sizes. */
async function withConfigs(keep: (component: string) => boolean, varied: boolean) {
  const { gpu } = hardware!;
  const adapter = (await gpu.requestAdapter({ powerPreference: 'high-performance' })) as GPUAdapter;
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize = 0, isFallbackAdapter } = adapter.info;
  const { subgroupMatrixConfigs } = adapter.info as unknown as { subgroupMatrixConfigs: Iterable<{ componentType: string }> };
  const info = {
    ...{ vendor, architecture, device, description, isFallbackAdapter, subgroupMinSize },
    subgroupMaxSize: varied ? 2 * subgroupMaxSize : subgroupMaxSize,
    subgroupMatrixConfigs: [...subgroupMatrixConfigs].filter(({ componentType }) => keep(componentType)),
  };
  const { limits, features } = adapter;
  const request = (descriptor?: GPUDeviceDescriptor) => adapter.requestDevice(descriptor);
  return requestDevice(gpu, { info, limits, features, requestDevice: request } as unknown as GPUAdapter, 'hardware');
}

/** Blocks of four that do not divide what is staged at once, more than a workgroup's channels, and taps that share it. */
const network = (inputs: number, outputs: number, phaseBits: number) =>
  onGrid(
    ann(map(inputs, 5), [
      neurons('before', map(inputs, 5), [convolution(-1, randomWeights(1, inputs, inputs))]),
      neurons(
        'layer',
        map(outputs, 5),
        [convolution(0, randomWeights(2, outputs, inputs * 9), SAME)],
        randomWeights(3, 1, outputs),
      ),
      readout(5, [convolution(1, randomWeights(4, 5, outputs * 25), square(5))]),
    ]),
    { phaseBits },
  );

describe.skipIf(!hardware?.matrix)('accumulate-matrix equals the reference', () => {
  it.each([
    { row: 'signed bytes', keep: () => true, varied: false, operand: 'u8', phaseBits: 7, signed: true },
    { row: 'bytes of words that pass 127', keep: () => true, varied: false, operand: 'u8', phaseBits: 8, signed: false },
    {
      row: 'units without signed bytes',
      keep: (type: string) => type !== 'i8',
      varied: false,
      operand: 'u8',
      phaseBits: 4,
      signed: true,
    },
    { row: 'f16', keep: (type: string) => type === 'f16', varied: false, operand: 'f16', phaseBits: 4, signed: true },
    { row: 'a subgroup that is demanded', keep: () => true, varied: true, operand: 'u8', phaseBits: 4, signed: true },
  ])('$row', async ({ keep, varied, operand, phaseBits, signed }) => {
    const on = await withConfigs(keep, varied);
    try {
      expect(on.matrix).toMatchObject({ operand, sized: varied });
      for (const [inputs, outputs] of [
        [16, 40],
        [33, 70],
      ]) {
        const net = network(inputs, outputs, phaseBits);
        const pixels = randomPixels(net.input.shape, 3, 1);
        const { dispatches } = planSession(on, net, { form: 'matrix', batch: 3 });
        expect(dispatches.find(({ layer }) => layer === 1)).toMatchObject({
          kernel: 'accumulate-matrix',
          variant: { signedDot: signed },
        });
        await expectSameBits(on, net, pixels, simulateAll(net, pixels, 2), { waves: 2, form: 'matrix' });
      }
    } finally {
      on.dispose();
    }
  });
});
