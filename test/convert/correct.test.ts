import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ann, shapeSize } from '../../src/ann/ann.ts';
import { randomWeights, seeded } from '../../src/ann/build.ts';
import { activationSums, Corrector, correctLayers } from '../../src/convert/correct.ts';
import { checkNetwork } from '../../src/network/check.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { channelSums, correct } from '../../src/reference/correct.ts';
import { CalibrationSession } from '../../src/run/calibration-session.ts';
import { LayerByLayer } from '../../src/run/layer-by-layer.ts';
import { pixelsSource, sourceLike, spread } from '../../src/run/source.ts';
import { evaluateImage } from '../helpers/ann-evaluate.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { evaluateFixed } from '../helpers/fixed-evaluate.ts';
import { randomAnn, randomNetwork, randomPixels, recipes, recipesByDepth } from '../helpers/random-network.ts';
import { SPIKING } from '../helpers/sessions.ts';
import { smallDevice } from '../helpers/small-device.ts';
import { extremes } from '../network/extremes.ts';
import { ann, convolution, map, neurons, onGrid, pool, readout, SAME, square } from '../network/hand-made.ts';

/** Activations are integers of 15 bits, of sums of weights that are rounded to some 13: what six layers of few channels add up to. */
const RELATIVE = 1e-2;

/** Sums of activations that some trained network might have: about as large as words can stand for. */
function someActivations(network: SpikingNetwork, images: number, seed: number): Float64Array[] {
  const random = seeded(seed);
  return network.layers.map(({ kind, shape, units }) => {
    const most = (shapeSize(shape) / shape.channels) * images * units.most;
    return Float64Array.from({ length: kind === 'neurons' ? shape.channels : 0 }, (_, o) => random.real() * most * units.unit[o]);
  });
}

/** Outputs of all layers of a trained network for each image, on the CPU. */
function activationsOf(ann: Ann, network: SpikingNetwork, pixels: Uint8Array): Float64Array[][] {
  const { mean, std } = network.input;
  const size = shapeSize(ann.input);
  const area = ann.input.height * ann.input.width;
  return Array.from({ length: pixels.length / size }, (_, n) => {
    const image = Float64Array.from(pixels.subarray(n * size, (n + 1) * size), (p, i) => {
      const c = Math.floor(i / area);
      return (p / 255 - mean[c]) / std[c];
    });
    return evaluateImage(ann, image);
  });
}

it('takes images from everywhere, each once', async () => {
  const shape = { channels: 1, height: 1, width: 1 };
  const source = pixelsSource(
    Uint8Array.from({ length: 10 }, (_, i) => i),
    shape,
  );
  const some = spread(source, 4);
  expect(some.count).toBe(4);
  expect([...(await some.read(0, 4))]).toEqual([0, 2, 5, 7]);
  expect([...(await some.read(2, 1))]).toEqual([5]);
  expect([...(await spread(source, 10).read(0, 10))]).toEqual([...(await source.read(0, 10))]);
});

describe('reference of the correction', () => {
  it('brings the mean words of every layer nearer to the mean activations', () => {
    const recipe = { seed: 5, layers: 5, channels: 8, size: 9, phaseBits: 4, waves: 1, initial: 'zero' } as const;
    const trained = randomAnn(recipe);
    const pixels = randomPixels(trained.input, 6, 1);
    const maps = activationsOf(trained, randomNetwork(recipe), pixels);
    const { mean, std } = randomNetwork(recipe).input;
    const scales = trained.layers.map(
      (_, l) => Math.max(...maps.map((of) => of[l].reduce((a, b) => Math.max(a, Math.abs(b))))) || 1,
    );
    const network = quantize(trained, { phaseBits: 4, initial: 'zero', scales, mean, std });
    const activations = network.layers.map(({ kind, shape }, l) =>
      kind === 'neurons'
        ? channelSums(
            maps.map((of) => of[l]),
            shape.channels,
          )
        : [],
    );
    const { sums, network: corrected } = correct(network, pixels, activations);
    const lacking = (round: number) =>
      sums.map((of, l) =>
        (of[round] ?? []).reduce((sum, word, o) => sum + Math.abs(activations[l][o] / network.layers[l].units.unit[o] - word), 0),
      );
    const [before, after] = [lacking(0), lacking(2)];
    expect(checkNetwork(corrected)).toEqual([]);
    expect(after.reduce((a, b) => a + b)).toBeLessThan(0.5 * before.reduce((a, b) => a + b));
  });
});

describeOnDevice('bias correction on the device', () => {
  it('random networks: the biases are those of the reference', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(recipes, recipesByDepth),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (recipe, images, extreme) => {
          const network = extreme ? extremes(randomNetwork(recipe), recipe.seed) : randomNetwork(recipe);
          const pixels = randomPixels(network.input.shape, images, recipe.seed);
          const activations = someActivations(network, images, recipe.seed);
          const expected = correct(network, pixels, activations).network;
          const session = await LayerByLayer.create(device!, network, { batch: images + 2 });
          try {
            expect(await correctLayers(session, pixels, images, activations)).toStrictEqual(expected);
          } finally {
            session.dispose();
          }
        },
      ),
      { numRuns: 60, seed: 20214, endOnFailure: true },
    );
  });

  it('maps that several workgroups share, and weights in several bindings of a small device', async () => {
    const wide = onGrid(
      ann(map(2, 40), [
        neurons('wide', map(6, 40), [convolution(-1, randomWeights(seeded(3), 6, 18), SAME)]),
        pool('pooled', 0, map(6, 40), 'average', square(40)),
        readout(3, [convolution(1, randomWeights(seeded(4), 3, 6))]),
      ]),
    );
    const small = await smallDevice({ maxStorageBufferBindingSize: 2 ** 14 });
    try {
      for (const [on, network, images] of [[device!, wide, 9] as const, [small, SPIKING, 2] as const]) {
        const pixels = randomPixels(network.input.shape, images, 4);
        const activations = someActivations(network, images, 6);
        const session = await LayerByLayer.create(on, network, { batch: images });
        expect(session.engine.program.batch).toBe(images);
        expect(await correctLayers(session, pixels, images, activations)).toStrictEqual(
          correct(network, pixels, activations).network,
        );
        session.dispose();
      }
    } finally {
      small.dispose();
    }
  });

  it('random networks: sums of activations are those of the trained network, batch by batch', async () => {
    await fc.assert(
      fc.asyncProperty(recipes, fc.integer({ min: 1, max: 7 }), async (recipe, images) => {
        const [ann, network] = [randomAnn(recipe), randomNetwork(recipe)];
        const pixels = randomPixels(ann.input, images, recipe.seed);
        const maps = activationsOf(ann, network, pixels);
        const source = pixelsSource(pixels, ann.input);
        const sums = await activationSums(device!, ann, source, { ...network.input, batch: 3 });
        const session = await CalibrationSession.create(device!, ann, source, network.input);
        const { grids } = session;
        session.dispose();
        const size = shapeSize(ann.input);
        const integers = maps.map((_, n) => evaluateFixed(ann, grids, pixels.subarray(n * size, (n + 1) * size), network.input));
        ann.layers.forEach(({ kind, shape }, l) => {
          expect(sums[l].length).toBe(kind === 'neurons' ? shape.channels : 0);
          if (kind !== 'neurons') return;
          const expected = channelSums(
            maps.map((of) => of[l]),
            shape.channels,
          );
          const exact = channelSums(
            integers.map((of) => of[l + 1]),
            shape.channels,
          );
          expect(sums[l]).toStrictEqual(exact.map((sum, o) => sum * grids[l + 1].unit[o]));
          const room = RELATIVE * expected.reduce((a, b) => Math.max(a, b));
          sums[l].forEach((sum, o) => {
            expect(Math.abs(sum - expected[o])).toBeLessThanOrEqual(room);
          });
        });
      }),
      { numRuns: 25, seed: 20215, endOnFailure: true },
    );
  });

  it('gives the same biases every time, whatever is computed at once', async () => {
    const recipe = { seed: 8, layers: 6, channels: 20, size: 11, phaseBits: 3, waves: 1, initial: 'half' } as const;
    const [ann, network] = [randomAnn(recipe), randomNetwork(recipe)];
    const source = pixelsSource(randomPixels(ann.input, 20, 2), ann.input);
    let reads = 0;
    const counted = sourceLike(source, {
      read: (first: number, count: number) => {
        reads++;
        return source.read(first, count);
      },
    });
    const corrector = new Corrector(device!, ann, counted, network.input);
    const first = await corrector.correct(network);
    expect(first).not.toStrictEqual(network);
    expect(checkNetwork(first)).toEqual([]);
    const readOnce = reads;
    expect(await corrector.correct(network)).toStrictEqual(first);
    expect(reads).toBe(readOnce);
    const other = new Corrector(device!, ann, source, { ...network.input, batch: 20 });
    expect(await other.correct(network)).toStrictEqual(first);
  });
});
