import { expect, it } from 'vitest';
import { type Ann, type AnnTerm, shapeSize } from '../../src/ann/ann.ts';
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
import { withEffects } from '../../src/evaluate/effects.ts';
import { AnnSession, type Normalization } from '../../src/run/ann-session.ts';
import { Session } from '../../src/run/session.ts';
import { type ImageSource, pixelsSource } from '../../src/run/source.ts';
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

/** How far logits are from the trained network's: |difference| / |logits|, and how many images keep their class. */
interface Distance {
  readonly error: number;
  readonly same: number;
}

function distance(logits: ArrayLike<number>, trained: Float32Array): Distance {
  const square = (values: Iterable<number>) => Array.from(values).reduce((sum, v) => sum + v * v, 0);
  const expected = bestClasses({ values: trained, images: IMAGES });
  const found = bestClasses({ values: Float32Array.from(logits), images: IMAGES });
  return {
    error: Math.sqrt(square(trained.map((z, i) => z - logits[i])) / square(trained)),
    same: found.filter((c, n) => c === expected[n]).length,
  };
}

async function logitsOf(net: Ann, normalization: Normalization, source: ImageSource): Promise<Float32Array> {
  const classes = shapeSize(net.layers[net.layers.length - 1].shape);
  const session = await AnnSession.create(device!, net, { ...normalization, batch: IMAGES });
  const logits = new Float32Array(IMAGES * classes);
  await session.run(source, (batch) => logits.set(batch.logits, batch.first * classes));
  session.dispose();
  return logits;
}

/** The spiking network after its last word, and the trained network with the weights of the grid and nothing else of it. */
async function compared(net: Ann, phaseBits: number): Promise<{ readonly spiking: Distance; readonly weights: Distance }> {
  const pixels = randomPixels(net.input, IMAGES, 3);
  const source = pixelsSource(pixels, net.input);
  const trained = await logitsOf(net, NORMALIZATION, source);
  const options = { scale: 'percentile', percentile: 100, perChannel: false, correctBias: false } as const;
  const network = await convert(device!, net, source, { ...NORMALIZATION, ...options, phaseBits });
  const rounded = withEffects(net, network, (_, effect) => effect === 'weights');
  const session = await Session.create(device!, network, { batch: IMAGES, waves: WAVES });
  const { logits } = await session.classify(pixels);
  session.dispose();
  const weights = await logitsOf(rounded.ann, { ...NORMALIZATION, mean: rounded.mean }, source);
  return { spiking: distance(logits, trained), weights: distance(weights, trained) };
}

describeOnDevice('logits of wide heads and unequal joins are the trained network’s but for what 8 bits a weight cost', () => {
  it.each<[string, () => Ann]>([
    ['an average of 7 × 7 over 512 channels', () => averagedHead(512)],
    ['over 2,048 channels', () => averagedHead(2048)],
    ['25,088 inputs', flattenedHead],
    ['an average beside a maximum', () => pooledTwice('max', 8)],
    ['averages of two sizes', () => pooledTwice('average', 2)],
    ['an identity 2^10 times smaller', () => unequalJoin(true)],
    ['convolutions 2^10 times smaller', () => unequalJoin(false)],
  ])('%s', async (name, make) => {
    const coarse = await compared(make(), 4);
    const fine = await compared(make(), 8);
    const found = `${name}: ${JSON.stringify({ coarse, fine })}`;
    expect(coarse.spiking.error, found).toBeLessThan(0.05);
    expect(fine.weights.error, found).toBeLessThan(0.02);
    expect(fine.spiking.error, found).toBeLessThan(1.1 * fine.weights.error);
    expect(fine.spiking.error, found).toBeLessThan(coarse.spiking.error);
    expect(fine.spiking.same, found).toBeGreaterThanOrEqual(fine.weights.same - 1);
    if (process.env.BSNN_FIGURES) console.log(found);
  });
});
