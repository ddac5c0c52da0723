import { describe, expect, it } from 'vitest';
import type { Ann, AnnLayer, AnnTerm, Shape } from '../../src/ann/ann.ts';
import { windowOutput } from '../../src/ann/ann.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { integrates, readoutOf, readoutStep, wordSteps } from '../helpers/closed-times.ts';
import { ann, convolution, map, neurons, pool, readout, SAME, shortcut, square } from './hand-made.ts';

/** ResNet-20 with few channels: 3 stages of 3 blocks, projections at the two transitions. */
function resnet20(): Ann {
  const layers: AnnLayer[] = [];
  const add = (shape: Shape, terms: readonly AnnTerm[]) => layers.push(neurons(`layer ${layers.length}`, shape, terms)) - 1;
  const weights = (outputs: number, inputs: number, area: number) => new Float32Array(outputs * inputs * area).fill(0.1);
  let shape = map(2, 8);
  let last = add(shape, [convolution(-1, weights(2, 3, 9), SAME)]);
  for (const stage of [0, 1, 2]) {
    for (const block of [0, 1, 2]) {
      const from = shape;
      const down = stage > 0 && block === 0;
      const window = down ? { ...SAME, stride: [2, 2] as const } : SAME;
      const [height, width] = windowOutput(from, window);
      shape = { channels: down ? from.channels * 2 : from.channels, height, width };
      const first = add(shape, [convolution(last, weights(shape.channels, from.channels, 9), window)]);
      const residual = convolution(first, weights(shape.channels, shape.channels, 9), SAME);
      const projection = convolution(last, weights(shape.channels, from.channels, 1), square(1, { stride: [2, 2] }));
      last = add(shape, [residual, down ? projection : shortcut(last, new Float32Array(shape.channels).fill(1))]);
    }
  }
  layers.push(pool('global', last, shape, 'average', square(shape.height)));
  layers.push(readout(10, [convolution(layers.length - 1, weights(10, shape.channels, 1))]));
  return ann(map(3, 8), layers);
}

/** VGG16: 13 convolutions with 5 max pools between, 3 linear layers. */
function vgg16(): Ann {
  const layers: AnnLayer[] = [];
  const shape = map(2, 4);
  const at = () => layers.length - 1;
  for (let c = 0; c < 13; c++) {
    layers.push(neurons(`conv ${c}`, shape, [convolution(at(), new Float32Array(2 * 2 * 9).fill(0.1), SAME)]));
    if ([1, 3, 6, 9, 12].includes(c)) layers.push(pool(`pool ${c}`, at(), shape, 'max', square(3, { pads: [1, 1, 1, 1] })));
  }
  layers.push(neurons('fc 1', map(4), [convolution(at(), new Float32Array(4 * 2 * 16).fill(0.1), square(4))]));
  layers.push(neurons('fc 2', map(4), [convolution(at(), new Float32Array(16).fill(0.1))]));
  layers.push(readout(10, [convolution(at(), new Float32Array(40).fill(0.1))]));
  return ann(map(2, 4), layers);
}

const quantized = (net: Ann, phaseBits: number) =>
  quantize(net, { phaseBits, initial: 'half', scales: net.layers.map(() => 1), mean: [0.5], std: [0.25] });

describe('time steps of section 6', () => {
  it('ResNet-20, K = 4: depth 20, T_1 = 80, then a word every 8 steps', () => {
    const network = quantized(resnet20(), 4);
    expect(readoutOf(network).depth).toBe(20);
    expect([1, 2, 3].map((n) => wordSteps(network, n))).toEqual([80, 88, 96]);
  });

  it('ResNet-20: the shortcut of every block waits for the one layer that stands beside it', () => {
    const joins = quantized(resnet20(), 4).layers.flatMap((layer) =>
      layer.kind === 'neurons' && layer.terms.length === 2 ? [layer.terms.map(({ delay }) => delay)] : [],
    );
    expect(joins).toEqual(Array.from({ length: 9 }, () => [0, 1]));
  });

  it('VGG16, K = 3: T_1 = 48, pools take no time', () => {
    const network = quantized(vgg16(), 3);
    expect([1, 2, 3].map((n) => wordSteps(network, n))).toEqual([48, 54, 60]);
  });

  it.each([1, 3, 8])('K = %i: the step of the last phase of wave n is T_n, phases are consecutive', (K) => {
    const network = quantized(vgg16(), K);
    for (const wave of [0, 1, 5]) {
      expect(readoutStep(network, wave, K - 1)).toBe(wordSteps(network, wave + 1));
      for (let k = 1; k < K; k++) expect(readoutStep(network, wave, k)).toBe(readoutStep(network, wave, k - 1) + 1);
    }
  });

  it('a layer of depth D waits, then integrates in windows D−1, D+1, … and fires in between', () => {
    expect([0, 1, 2, 3].map((w) => integrates(1, w))).toEqual([true, false, true, false]);
    expect([0, 1, 2, 3, 4, 5].map((w) => integrates(4, w))).toEqual([null, null, null, true, false, true]);
  });

  it('a layer always integrates while its sources fire', () => {
    for (let depth = 2; depth < 6; depth++) {
      for (let w = depth - 1; w < 12; w++) expect(integrates(depth, w)).toBe(!integrates(depth - 1, w));
    }
  });
});
