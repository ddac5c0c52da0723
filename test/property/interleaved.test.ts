import fc from 'fast-check';
import { expect, it } from 'vitest';
import { INPUT, shapeSize } from '../../src/ann/ann.ts';
import { interleaved } from '../../src/network/interleave.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { wordSteps } from '../../src/network/timetable.ts';
import { simulate } from '../../src/reference/simulate.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { SteppedSession } from '../../src/run/stepped-session.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomNetwork, randomPixels, recipes, recipesByDepth } from '../helpers/random-network.ts';

const CASES = 25;

/** Whether some layer reads the pixels when the next image's are there. */
const readsLate = ({ layers }: SpikingNetwork): boolean =>
  layers.some((layer) => layer.kind !== 'pool' && layer.depth > 1 && layer.terms.some(({ source }) => source === INPUT));

describeOnDevice('random networks: a stream of images, a new one every cycle, gives each image’s first word', () => {
  it('for every image, whatever was before and beside it', async () => {
    let cases = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(recipes, recipesByDepth),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('dense', 'spikes'),
        async (recipe, batch, images, convolution) => {
          const network = randomNetwork(recipe);
          const { shape } = network.input;
          const pixels = randomPixels(shape, images, recipe.seed);
          const session = await SteppedSession.create(device!, network, { timesteps: 1, batch, convolution });
          try {
            const got: number[][] = [];
            const steps: number[] = [];
            const run = () =>
              session.stream(pixelsSource(pixels, shape), (one) => {
                expect(one.first).toBe(got.length);
                const classes = one.potentials.length / one.images;
                for (let n = 0; n < one.images; n++) got.push([...one.potentials.subarray(n * classes, (n + 1) * classes)]);
                steps.push(one.step);
              });
            if (readsLate(network)) {
              await expect(run()).rejects.toThrow(/reads the pixels at depth/);
              refused++;
              return;
            }
            const summary = await run();
            const { cycle } = interleaved(network.timetable);
            const latency = wordSteps(network.timetable, 1);
            const cycles = Math.ceil(images / summary.lanes);
            expect(summary).toEqual({
              images,
              lanes: session.plan.batch,
              latency,
              stepsPerImage: cycle,
              steps: (cycles - 1) * cycle + latency,
            });
            expect(steps).toEqual(Array.from({ length: cycles }, (_, c) => c * cycle + latency));
            const size = shapeSize(shape);
            got.forEach((potentials, n) => {
              const { potentials: wanted } = simulate(network, pixels.subarray(n * size, (n + 1) * size), 1);
              expect(potentials, `image ${n}`).toEqual([...wanted[wanted.length - 1]]);
            });
            expect(got.length).toBe(images);
            // a second stream begins with nothing of the first
            const before = got.splice(0);
            await run();
            expect(got).toEqual(before);
            cases++;
          } finally {
            session.dispose();
          }
        },
      ),
      { numRuns: CASES, seed: 20213, endOnFailure: true },
    );
    expect(cases + refused).toBeGreaterThanOrEqual(CASES);
    expect(cases).toBeGreaterThan(CASES / 2);
  });

  const network = randomNetwork({ seed: 3, layers: 4, channels: 5, size: 6, phaseBits: 3, waves: 1, initial: 'half' });
  const images = pixelsSource(randomPixels(network.input.shape, 5, 1), network.input.shape);

  it('neurons without windows, and bistable ones without synchronous neurons, are refused', async () => {
    for (const options of [{ neuron: { name: 'if' } as const }, { synchronous: false }]) {
      const session = await SteppedSession.create(device!, network, { timesteps: 1, batch: 1, ...options });
      await expect(session.stream(images, () => {})).rejects.toThrow(/use bistable neurons, or run\(\)/);
      session.dispose();
    }
  });

  it('what the caller throws ends the stream, and the session can be used again', async () => {
    const session = await SteppedSession.create(device!, network, { timesteps: 1, batch: 1 });
    const first: number[] = [];
    const fails = session.stream(images, (one) => {
      first.push(one.first);
      if (one.first === 1) throw new Error('enough');
    });
    await expect(fails).rejects.toThrow('enough');
    expect(first).toEqual([0, 1]);
    const again: number[] = [];
    await session.stream(images, (one) => void again.push(one.first));
    expect(again).toEqual([0, 1, 2, 3, 4]);
    session.dispose();
    await expect(session.stream(images, () => {})).rejects.toThrow(/was disposed/);
  });
});
