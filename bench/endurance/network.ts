import type { Ann } from '../../src/ann/ann.ts';
import { ann, convolution, map, neurons, randomWeights, readout, SAME, seeded, square } from '../../src/ann/build.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { quantize } from '../../src/quantize/quantize.ts';

export const NORMALIZATION = { mean: [0.45], std: [0.25] };

/** Two convolutions and a linear readout: what is measured is what surrounds a computation. */
export function tinyAnn(): Ann {
  const random = seeded(3);
  const conv = (source: number, outputs: number, inputs: number, window = SAME) =>
    convolution(source, randomWeights(random, outputs, inputs * window.kernel[0] * window.kernel[1]), window);
  return ann(map(3, 8), [
    neurons('first', map(8, 8), [conv(-1, 8, 3)]),
    neurons('second', map(12, 4), [conv(0, 12, 8, { ...SAME, stride: [2, 2] })]),
    readout(10, [conv(1, 10, 12, square(4))]),
  ]);
}

export const tinyNetwork = (net: Ann): SpikingNetwork =>
  quantize(net, { phaseBits: 4, initial: 'half', scales: net.layers.map(() => 2), ...NORMALIZATION });
