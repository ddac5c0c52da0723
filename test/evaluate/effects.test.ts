import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { attributeLayers, sharesOf } from '../../src/evaluate/attribute.ts';
import { type AffectedAnn, EFFECTS, withEffects } from '../../src/evaluate/effects.ts';
import { logitError } from '../../src/evaluate/logit-error.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { Session } from '../../src/run/session.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { ann, convolution, map, neurons, randomWeights, readout, residualAnn, SAME, square } from '../network/hand-made.ts';

const IMAGES = 6;
/** Means that are no whole pixels, so that the input's zero points are rounded. */
const NORMALIZATION = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };

const logitsOf = async (net: Ann, mean: readonly number[], pixels: Uint8Array): Promise<Float32Array> => {
  const session = await AnnSession.create(device!, net, { mean, std: NORMALIZATION.std, batch: IMAGES });
  try {
    return (await session.classify(pixels)).logits;
  } finally {
    session.dispose();
  }
};

const firstWord = async (network: SpikingNetwork, pixels: Uint8Array): Promise<Float32Array> => {
  const session = await Session.create(device!, network, { waves: 1, batch: IMAGES });
  try {
    return (await session.classify(pixels)).logits;
  } finally {
    session.dispose();
  }
};

const run = ({ ann: net, mean }: AffectedAnn, pixels: Uint8Array) => logitsOf(net, mean, pixels);

describeOnDevice('the trained network with all effects of its conversion', () => {
  const net = residualAnn(8);
  const pixels = randomPixels(net.input, IMAGES, 1);
  const classes = 10;

  it.each([
    ['half', 4],
    ['zero', 4],
    ['half', 1],
    ['half', [8, 3, 4, 2, 5, 4, 6]],
  ] as const)('is what one word of bistable neurons computes (V(0) %s, K = %s)', async (initial, phaseBits) => {
    const scales = net.layers.map((_, l) => 3 + (l % 3));
    const network = quantize(net, { ...NORMALIZATION, initial, phaseBits, scales });
    const trained = await logitsOf(net, NORMALIZATION.mean, pixels);
    const spiking = await firstWord(network, pixels);
    const affected = await run(
      withEffects(net, network, () => true),
      pixels,
    );
    // they differ by the rounding of f32 sums alone, and the conversion from the trained network by much more
    expect(logitError(affected, trained, classes, spiking)).toBeLessThan(1e-5);
    expect(logitError(spiking, trained, classes)).toBeGreaterThan(0.01);
  });

  it('is the trained network where there are none', async () => {
    const network = quantize(net, { ...NORMALIZATION, initial: 'half', phaseBits: 4, scales: net.layers.map(() => 3) });
    const { ann: same, mean } = withEffects(net, network, () => false);
    expect(same).toEqual(net);
    expect(mean).toEqual(NORMALIZATION.mean);
  });
});

/** Four layers of 3 × 3 convolutions and a linear readout. */
function chain(seed: number, change: (weights: Float32Array, layer: number) => Float32Array = (weights) => weights): Ann {
  const wide = map(8, 6);
  const layer = (l: number, inputs: number) =>
    neurons(`layer ${l}`, wide, [convolution(l - 1, change(randomWeights(seed + l, 8, inputs * 9), l), SAME)]);
  const head = convolution(3, randomWeights(seed + 9, 5, 8 * 36), square(6));
  return ann(map(3, 6), [...[3, 8, 8, 8].map((inputs, l) => layer(l, inputs)), readout(5, [head])]);
}

describeOnDevice('a fault that is planted', () => {
  /** Where the largest error is: layer and effect; scales that clip nothing, and words of 8 bits. */
  const worstOf = async (net: Ann, changes: { readonly scales?: number[]; readonly phaseBits?: number[] }) => {
    const scales = net.layers.map((_, l) => changes.scales?.[l] ?? 40);
    const network = quantize(net, { ...NORMALIZATION, initial: 'half', phaseBits: changes.phaseBits ?? 8, scales });
    const pixels = randomPixels(net.input, IMAGES, 2);
    const trained = await logitsOf(net, NORMALIZATION.mean, pixels);
    const errors = await attributeLayers({ ann: net, network, trained, run: (affected) => run(affected, pixels) });
    const shares = sharesOf(errors);
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    const layer = shares.indexOf(Math.max(...shares));
    const effect = EFFECTS.reduce((worst, one) => (errors[layer][one] > errors[layer][worst] ? one : worst));
    return { layer, effect };
  };

  it.each([0, 1, 2, 3])('a scale far too small: clipping of layer %i', async (layer) => {
    const scales = Array.from({ length: 5 }, (_, l) => (l === layer ? 0.3 : 40));
    expect(await worstOf(chain(20), { scales })).toEqual({ layer, effect: 'clipping' });
  });

  it.each([1, 2, 3])('short words at one depth: rounding of layer %i', async (layer) => {
    const phaseBits = [8, ...Array.from({ length: 4 }, (_, l) => (l === layer ? 2 : 8))];
    expect(await worstOf(chain(30), { phaseBits })).toEqual({ layer, effect: 'rounding' });
  });

  it.each([1, 2, 3])('weights a thousand times the others, of an input that is silent: weights of layer %i', async (layer) => {
    // channel 0 of the layer before
    const unequal = (weights: Float32Array, l: number) =>
      l === layer ? weights.map((w, i) => (i % (weights.length / 8) < 9 ? 1000 : w)) : weights;
    const net = chain(40, unequal);
    const layers = net.layers.map((one, l) =>
      l === layer - 1 && one.kind === 'neurons' ? { ...one, bias: one.bias.map((b, o) => (o === 0 ? -1e4 : b)) } : one,
    );
    expect(await worstOf({ ...net, layers }, {})).toEqual({ layer, effect: 'weights' });
  });
});

it('a logit error is 0 of the same, 1 of nothing, and does not depend on the unit', () => {
  const logits = fc.array(
    fc.integer({ min: -1600, max: 1600 }).map((n) => n / 16),
    { minLength: 6, maxLength: 6 },
  );
  fc.assert(
    fc.property(logits, logits, fc.double({ min: 0.1, max: 10, noNaN: true }), (a, b, unit) => {
      const [trained, other] = [Float64Array.from(a), Float64Array.from(b)];
      expect(logitError(trained, trained, 3)).toBe(0);
      fc.pre(logitError(other, trained, 3) > 0);
      const scaled = (values: Float64Array) => values.map((v) => v * unit);
      expect(logitError(scaled(other), scaled(trained), 3) / logitError(other, trained, 3)).toBeCloseTo(1, 6);
      const means = trained.map((_, i) => (trained[i - (i % 3)] + trained[i - (i % 3) + 1] + trained[i - (i % 3) + 2]) / 3);
      expect(logitError(means, trained, 3)).toBeCloseTo(1, 6);
    }),
  );
});
