import { expect, it } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { checkNetwork } from '../../src/network/check.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { parseNeuron } from '../../src/neuron/neuron.ts';
import { expectSameBits, simulateAll } from '../helpers/compare.ts';
import { expectSameSteps, simulateAllSteps } from '../helpers/compare-steps.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import {
  ann,
  type BareLayer,
  convolution,
  map,
  neurons,
  onGrid,
  pool,
  randomWeights,
  readout,
  SAME,
  spiking,
  square,
} from '../network/hand-made.ts';

/** What random networks seldom reach: 16-bit sums of spike-driven weights, currents beyond 2^30, rings cut inside a window. */

/** A layer whose neurons are always ready to fire, all weights at their bounds behind it, and a readout of everything. */
function saturated(channels: number, grid: number, bias: number, phaseBits = 4, shift = 0): SpikingNetwork {
  const size = 5;
  const weights = (outputs: number, inputs: number) =>
    Int8Array.from({ length: outputs * inputs * 9 }, (_, i) => (Math.floor(i / (inputs * 9)) % 2 === 0 ? 127 : -127));
  const common = { scale: 1, kind: 'neurons' as const };
  const layers: BareLayer[] = [
    {
      ...common,
      name: 'ready',
      shape: map(channels, size),
      depth: 1,
      gridBits: new Int8Array(channels).fill(grid),
      bias: new Int32Array(channels).fill(bias),
      terms: [],
    },
    {
      ...common,
      name: 'full',
      shape: map(6, size),
      depth: 2,
      gridBits: new Int8Array(6).fill(3),
      bias: new Int32Array(6),
      terms: [
        {
          source: 0,
          delay: 0,
          shifts: new Int8Array(6).fill(shift),
          operator: { type: 'convolution', weights: weights(6, channels), window: SAME, groups: 1 },
        },
      ],
    },
    {
      kind: 'readout',
      name: 'readout',
      shape: map(2),
      depth: 3,
      scale: 1,
      gridBits: new Int8Array(2),
      bias: new Int32Array(2),
      terms: [
        {
          source: 1,
          delay: 0,
          shifts: new Int8Array(2),
          operator: { type: 'convolution', weights: new Int8Array(300).fill(3), window: square(size), groups: 1 },
        },
      ],
    },
  ];
  return spiking(map(1, size), layers, { phaseBits });
}

/** The end of a dense block of 17 parts: each averaged over 7 × 7, all read by one readout. */
function manyAverages(): SpikingNetwork {
  const [shape, parts] = [map(2, 7), [...Array(17).keys()]];
  return onGrid(
    ann(shape, [
      ...parts.map((i) => neurons(`part${i}`, shape, [convolution(-1, randomWeights(i, 2, 2))])),
      ...parts.map((i) => pool(`average${i}`, i, shape, 'average', square(7))),
      readout(
        3,
        parts.map((i) => convolution(17 + i, randomWeights(20 + i, 3, 2))),
      ),
    ]),
  );
}

describeOnDevice('the stepped engine at its bounds equals the reference', () => {
  it.each([
    { text: 'bistable', convolution: 'spikes' },
    { text: 'if', convolution: 'spikes' },
    { text: 'burst:5', convolution: 'spikes' },
    { text: 'burst:5', convolution: 'dense' },
  ] as const)('$text, $convolution: 70 channels × 9 taps that all spike, weights at ±127', async ({ text, convolution }) => {
    const network = saturated(70, 3, 2 ** 17);
    const pixels = randomPixels(network.input.shape, 2, 1);
    const options = { neuron: parseNeuron(text), timesteps: 18 };
    await expectSameSteps(device as Device, network, pixels, simulateAllSteps(network, pixels, options), {
      ...options,
      convolution,
    });
  });

  it.each([
    { text: 'bistable', bias: 2 ** 30 - 1 },
    { text: 'if', bias: 2 ** 30 - 1 },
    { text: 'burst:15', bias: 1 - 2 ** 30 },
    { text: 'phase', bias: 2 ** 30 - 1 },
  ])('$text: a bias of $bias, and terms that are shifted to 2^26', async ({ text, bias }) => {
    const network = saturated(4, 0, bias, 4, 7);
    const pixels = randomPixels(network.input.shape, 2, 1);
    const options = { neuron: parseNeuron(text), timesteps: 9 };
    await expectSameSteps(device as Device, network, pixels, simulateAllSteps(network, pixels, options), options);
  });

  it.each(['if', 'phase'])('%s: thresholds up to 2^30 and beyond (g = 21, K = 8)', async (text) => {
    const network = saturated(4, 21, 2 ** 29, 8);
    const pixels = randomPixels(network.input.shape, 2, 1);
    const options = { neuron: parseNeuron(text), timesteps: 20 };
    await expectSameSteps(device as Device, network, pixels, simulateAllSteps(network, pixels, options), options);
  });

  it('34 planes of bytes, 102 planes of spikes in one readout, in both engines', async () => {
    const network = manyAverages();
    const pixels = randomPixels(network.input.shape, 2, 1);
    const reference = simulateAll(network, pixels, 1);
    expect(reference[0].spikes.slice(0, 17).every((n) => n > 0)).toBe(true);
    await expectSameBits(device as Device, network, pixels, reference, { waves: 1 });
    const options = { neuron: parseNeuron('bistable'), timesteps: 12 };
    await expectSameSteps(device as Device, network, pixels, simulateAllSteps(network, pixels, options), options);
  });

  it('a neuron that could send more in a step than 32 bits hold is refused by layer', () => {
    // 4 inputs · 9 taps · 127 · 2^11 · 15 < 2^30, and with 15 spikes of 16 beyond 2^31
    const network = saturated(4, 3, 0, 4, 11);
    const pixels = randomPixels(network.input.shape, 1, 1);
    expect(checkNetwork(network)).toEqual([]);
    expect(() => simulateAllSteps(network, pixels, { neuron: parseNeuron('burst:15'), timesteps: 1 })).toThrow(
      '"burst:15" sends more in a step than the sums of layer "full" hold in 32 bits; convert with a smaller K, or choose bistable',
    );
    expect(() => simulateAllSteps(network, pixels, { neuron: parseNeuron('if'), timesteps: 1 })).not.toThrow();
  });
});
