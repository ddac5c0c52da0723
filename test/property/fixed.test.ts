import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Ann, type AnnLayer, areaOf, shapeSize } from '../../src/ann/ann.ts';
import { seeded } from '../../src/ann/build.ts';
import { type Grids, layerUnit } from '../../src/ann/fixed.ts';
import { normalizationOf } from '../../src/ann/pixels.ts';
import { activationSums } from '../../src/convert/correct.ts';
import { readIntegers } from '../../src/observe/activations.ts';
import { CalibrationSession } from '../../src/run/calibration-session.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { countChannel, countLayer } from '../helpers/count-values.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { evaluateFixed } from '../helpers/fixed-evaluate.ts';
import { hardware } from '../helpers/hardware.ts';
import { type Recipe, randomAnn, randomPixels, recipes } from '../helpers/random-network.ts';
import { type Factors, rescaled } from '../helpers/rescaled.ts';
import { SOAK } from '../helpers/soak.ts';

/** Cases of the property; the seed is fixed, so that a failure is there again. */
const RUNS = { numRuns: SOAK ? 300 : 10, seed: 20221, endOnFailure: true };
const NORMALIZATION = { mean: [0.45], std: [0.25] };

/** A random network, channels of very different sizes; some layers cut, some quantised, some means over what there is. */
function network(recipe: Recipe): Ann {
  const random = seeded(recipe.seed ^ 0x51f);
  const plain = randomAnn(recipe);
  const powers = plain.layers.map(({ shape }) => Array.from({ length: shape.channels }, () => 2 ** random.integer(-12, 12)));
  const factors: Factors = (l, c) => (recipe.perChannel ? powers[l][c] : 1);
  const { layers, ...rest } = rescaled(plain, factors);
  const changed = layers.map((layer): AnnLayer => {
    if (layer.kind === 'pool') return { ...layer, countIncludePad: random.chance(0.5) };
    if (layer.kind === 'readout' || random.chance(0.6)) return layer;
    const ceiling = 2 ** (random.real() * 6 - 3);
    return random.chance(0.5) ? { ...layer, ceiling } : { ...layer, ceiling, bits: random.integer(1, 8) };
  });
  return { ...rest, layers: changed };
}

/** Integers of every layer for all images, [source + 1][image][channel][y][x], in plain loops. */
function integersOf(ann: Ann, grids: Grids, pixels: Uint8Array): Float64Array[] {
  const size = shapeSize(ann.input);
  const images = Array.from({ length: pixels.length / size }, (_, n) =>
    evaluateFixed(ann, grids, pixels.subarray(n * size, (n + 1) * size), normalizationOf(ann, NORMALIZATION)),
  );
  return images[0].map((_, s) => Float64Array.from(images.flatMap((layers) => Array.from(layers[s]))));
}

/** Integers of one channel. */
const channelOf = (values: Float64Array, { shape }: AnnLayer, c: number): Float64Array =>
  values.filter((_, i) => Math.floor(i / areaOf(shape)) % shape.channels === c);

describeOnDevice('random networks: the exact trained network equals its reference', () => {
  it('integers of every layer, histograms, sums and logits', async () => {
    let [cases, way] = [0, 0];
    const some = fc.tuple(recipes, fc.boolean()).map(([recipe, perChannel]) => ({ ...recipe, perChannel }));
    await fc.assert(
      fc.asyncProperty(some, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), async (recipe, images, batch) => {
        const on = way++ % 2 === 0 ? device! : hardware!;
        const net = network(recipe);
        const pixels = randomPixels(net.input, images, recipe.seed);
        const source = pixelsSource(pixels, net.input);
        const session = await CalibrationSession.create(on, net, source, { ...NORMALIZATION, batch: 9, keepCells: true });
        const counting = await CalibrationSession.create(on, net, source, { ...NORMALIZATION, batch, countChannels: true });
        try {
          // whatever is computed at once
          expect(counting.grids).toStrictEqual(session.grids);
          const { grids } = session;
          const expected = integersOf(net, grids, pixels);
          const logits: number[] = [];
          await session.run(source, (some) => void logits.push(...some.logits));
          const { unit } = grids[net.layers.length];
          expect(logits).toEqual(Array.from(expected.at(-1)!, (v, i) => Math.fround(v * unit[i % unit.length])));
          const { statistics, largestLogit } = await counting.calibrate();
          expect(largestLogit).toBe(logits.reduce((a, b) => Math.max(a, Math.abs(b)), 0));
          const sums = await activationSums(on, net, source, { ...NORMALIZATION, batch, grids });
          for (const [l, layer] of net.layers.entries()) {
            expect(Float64Array.from(await readIntegers(session, l, images))).toStrictEqual(expected[l + 1]);
            if (layer.kind !== 'neurons') continue;
            const own = expected[l + 1];
            const units = grids[l + 1].unit;
            const ofChannel = units.map((_, c) => c);
            const values = own.map((v, i) => v * units[Math.floor(i / areaOf(layer.shape)) % layer.shape.channels]);
            const { channels, ...whole } = statistics[l]!;
            expect(whole).toEqual(countLayer(values, layerUnit(grids[l + 1])));
            ofChannel.forEach((c) => {
              const integers = channelOf(own, layer, c);
              expect(channels![c]).toEqual(countChannel(integers, units[c]));
              expect(sums[l][c]).toBe(integers.reduce((a, b) => a + b, 0) * units[c]);
            });
          }
        } finally {
          session.dispose();
          counting.dispose();
        }
        cases++;
      }),
      RUNS,
    );
    expect(cases).toBe(RUNS.numRuns);
  });
});
