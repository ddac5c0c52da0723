import { expect, it } from 'vitest';
import { type Ann, type AnnTerm, type Shape, shapeSize } from '../../src/ann/ann.ts';
import {
  ann,
  convolution,
  map,
  neurons,
  pool,
  randomPixels,
  randomWeights,
  readout,
  SAME,
  type Seeded,
  seeded,
  shortcut,
  square,
} from '../../src/ann/build.ts';
import { convert } from '../../src/convert/convert.ts';
import { bestClasses } from '../../src/evaluate/accuracy.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { Session } from '../../src/run/session.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

/** What one grid a channel and sums of 2^23 starved: wide heads, and joins of unequal terms. Random weights, no accuracy. */

const IMAGES = 16;
const WAVES = 8;
const NORMALIZATION = { mean: [0.5], std: [0.25] };

/** A 1 × 1 convolution of some random weights, times a factor. */
const mix = (random: Seeded, source: number, outputs: number, inputs: number, times = 1): AnnTerm =>
  convolution(
    source,
    randomWeights(random, outputs, inputs).map((w) => w * times),
  );

/** The head of a ResNet: an average over 7 × 7 of so many channels, and 1,000 classes. */
function averagedHead(channels: number): Ann {
  const random = seeded(channels);
  const from = map(channels, 7);
  return ann(map(3, 7), [
    neurons('features', from, [mix(random, -1, channels, 3)]),
    pool('global', 0, from, 'average', square(7)),
    readout(1000, [mix(random, 1, 1000, channels)]),
  ]);
}

/** The head of a VGG: 25,088 inputs. */
function flattenedHead(): Ann {
  const random = seeded(5);
  const from = map(512, 7);
  return ann(map(3, 7), [
    neurons('features', from, [mix(random, -1, 512, 3)]),
    neurons('hidden', map(64), [convolution(0, randomWeights(random, 64, 25088), square(7))]),
    readout(100, [mix(random, 1, 100, 64)]),
  ]);
}

/** Averages and maxima of a map, read side by side: of two sizes, by channels of their own (Concat) or added. */
function pooledTwice(other: 'max' | 'average', size: number): Ann {
  const random = seeded(size);
  const from = map(96, 8);
  return ann(map(3, 8), [
    neurons('features', from, [convolution(-1, randomWeights(random, 96, 27), SAME)]),
    pool('global', 0, from, 'average', square(8)),
    pool('other', 0, from, other, square(size)),
    readout(50, [mix(random, 1, 50, 96), convolution(2, randomWeights(random, 50, 96 * (9 - size) ** 2), square(9 - size))]),
  ]);
}

/** A residual join whose branches differ by 2^10 in scale. */
function unequalJoin(identity: boolean): Ann {
  const random = seeded(7);
  const from = map(32, 6);
  const straight = identity ? shortcut(0, new Float32Array(32).fill(2 ** -10)) : mix(random, 0, 32, 32, 2 ** -10);
  return ann(map(3, 6), [
    neurons('features', from, [convolution(-1, randomWeights(random, 32, 27), SAME)]),
    neurons('join', from, [convolution(0, randomWeights(random, 32, 288), SAME), straight], new Array(32).fill(0.1)),
    readout(40, [convolution(1, randomWeights(random, 40, 32 * 36), square(6))]),
  ]);
}

/** How far the logits of the last word are from the trained network's: |difference| / |logits|, and images with the same class. */
async function compared(net: Ann, phaseBits: number): Promise<{ error: number; same: number }> {
  const pixels = randomPixels(net.input as Shape, IMAGES, 3);
  const source = pixelsSource(pixels, net.input);
  const classes = shapeSize(net.layers[net.layers.length - 1].shape);
  const trained = await AnnSession.create(device!, net, { ...NORMALIZATION, batch: IMAGES });
  const logits = new Float64Array(IMAGES * classes);
  await trained.run(source, (batch) => logits.set(batch.logits, batch.first * classes));
  trained.dispose();
  const network = await convert(device!, net, source, { ...NORMALIZATION, phaseBits, scale: 'percentile', percentile: 100 });
  const session = await Session.create(device!, network, { batch: IMAGES, waves: WAVES });
  const spiking = (await session.classify(pixels)).logits;
  session.dispose();
  const square = (values: Float64Array) => values.reduce((sum, v) => sum + v * v, 0);
  const expected = bestClasses({ values: logits, images: IMAGES });
  const found = bestClasses({ values: spiking, images: IMAGES });
  return {
    error: Math.sqrt(square(logits.map((z, i) => z - spiking[i])) / square(logits)),
    same: found.filter((c, n) => c === expected[n]).length,
  };
}

describeOnDevice('logits of wide heads and unequal joins are the trained network’s, the nearer the more bits', () => {
  it.each<[string, () => Ann, number]>([
    ['an average of 7 × 7 over 512 channels', () => averagedHead(512), 0.015],
    ['over 1,024 channels', () => averagedHead(1024), 0.015],
    ['over 2,048 channels', () => averagedHead(2048), 0.015],
    ['25,088 inputs', flattenedHead, 0.025],
    ['an average beside a maximum', () => pooledTwice('max', 8), 0.015],
    ['averages of two sizes', () => pooledTwice('average', 2), 0.015],
    ['an identity 2^10 times smaller', () => unequalJoin(true), 0.015],
    ['convolutions 2^10 times smaller', () => unequalJoin(false), 0.015],
  ])('%s', async (_name, make, at8) => {
    const coarse = await compared(make(), 4);
    const fine = await compared(make(), 8);
    expect(coarse.error, JSON.stringify({ coarse, fine })).toBeLessThan(0.05);
    expect(fine.error, JSON.stringify({ coarse, fine })).toBeLessThan(at8);
    expect(fine.error).toBeLessThan(coarse.error);
    expect(fine.same).toBeGreaterThanOrEqual(15);
  });
});
