import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AnnLayer, Shape, Window } from '../../src/ann/ann.ts';
import { windowOutput } from '../../src/ann/ann.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { planWords } from '../../src/plan/words/plan.ts';
import { type Way, waysOfDevice } from '../helpers/choices.ts';
import { expectSameBits, simulateAll } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomNetwork, randomPixels, recipes } from '../helpers/random-network.ts';
import { byTurns, SOAK } from '../helpers/soak.ts';
import { extremes } from '../network/extremes.ts';
import {
  ann,
  convolution,
  map,
  neurons,
  onGrid,
  pool,
  randomWeights,
  readout,
  SAME,
  shortcut,
  square,
} from '../network/hand-made.ts';

const someWays = byTurns<Way>(1);
const someUniform = byTurns<Way>(1);
const uniformWays = () => someUniform(waysOfDevice().filter(({ weights }) => weights === 'uniform'));

/** The engine’s bits in forms, arithmetics and places of weights by turns, against the reference. @param ways to compute it, by turns */
async function expectReference(
  network: SpikingNetwork,
  images: number,
  waves: number,
  ways = someWays(waysOfDevice()),
): Promise<void> {
  const pixels = randomPixels(network.input.shape, images, 1);
  const reference = simulateAll(network, pixels, waves);
  // or equality would say nothing: spikes, and not all the same
  expect(reference.some(({ spikes }) => spikes.some((n) => n > 0))).toBe(true);
  for (const { on, ...choice } of ways) await expectSameBits(on, network, pixels, reference, { waves, ...choice });
}

const full = (shape: Shape) => ({ ...square(1), kernel: [shape.height, shape.width] as const });

/** pixels → a layer of the same size → the layer in question → readout over the whole map */
function around(input: Shape, window: Window, outputs: number, groups = 1, phaseBits = 4): SpikingNetwork {
  const [height, width] = windowOutput(input, window);
  const shape = { channels: outputs, height, width };
  const row = (input.channels / groups) * window.kernel[0] * window.kernel[1];
  const area = height * width;
  return onGrid(
    ann(input, [
      neurons('before', input, [convolution(-1, randomWeights(1, input.channels, input.channels))]),
      neurons('layer', shape, [convolution(0, randomWeights(2, outputs, row), window, groups)], randomWeights(3, 1, outputs)),
      readout(5, [convolution(1, randomWeights(4, 5, outputs * area), full(shape))]),
    ]),
    { phaseBits },
  );
}

const size = (channels: number, height: number, width: number): Shape => ({ channels, height, width });

describeOnDevice('accumulate: shapes', () => {
  it.each([
    { row: '1 × 1 × 1', input: size(1, 1, 1), window: square(1), outputs: 1, images: 1 },
    { row: 'one row, one pixel past a tile', input: size(2, 1, 9), window: square(1), outputs: 3, images: 2 },
    { row: 'one column', input: size(2, 9, 1), window: square(1), outputs: 3, images: 2 },
    { row: 'width 2: tiles are images', input: size(3, 5, 2), window: SAME, outputs: 9, images: 33 },
    { row: 'width 3: tiles are pixels', input: size(3, 5, 3), window: SAME, outputs: 9, images: 33 },
    { row: 'width 7, channels 3', input: size(3, 7, 7), window: SAME, outputs: 3, images: 5 },
    { row: 'width 8: just a tile', input: size(4, 8, 8), window: SAME, outputs: 8, images: 4 },
    { row: 'width 17', input: size(5, 3, 17), window: SAME, outputs: 7, images: 3 },
    { row: 'stride 2, even', input: size(4, 8, 8), window: { ...SAME, stride: [2, 2] as const }, outputs: 8, images: 3 },
    { row: 'stride 2, odd', input: size(4, 9, 7), window: { ...SAME, stride: [2, 2] as const }, outputs: 8, images: 3 },
    { row: 'stride 2, three tiles', input: size(5, 9, 11), window: { ...SAME, stride: [2, 2] as const }, outputs: 17, images: 3 },
    { row: 'stride 2, two tiles', input: size(4, 6, 18), window: { ...SAME, stride: [2, 2] as const }, outputs: 9, images: 5 },
    { row: 'stride 2 across only', input: size(6, 5, 5), window: { ...SAME, stride: [1, 2] as const }, outputs: 16, images: 3 },
    { row: 'strides differ', input: size(4, 9, 9), window: { ...SAME, stride: [3, 1] as const }, outputs: 8, images: 3 },
    { row: 'stride past the kernel', input: size(3, 9, 9), window: square(1, { stride: [3, 3] }), outputs: 8, images: 3 },
    { row: 'padding above only', input: size(3, 5, 5), window: square(3, { pads: [2, 0, 0, 0] }), outputs: 4, images: 3 },
    { row: 'padding left only', input: size(3, 5, 5), window: square(3, { pads: [0, 2, 0, 0] }), outputs: 4, images: 3 },
    { row: 'padding below only', input: size(3, 5, 5), window: square(3, { pads: [0, 0, 2, 0] }), outputs: 4, images: 3 },
    { row: 'padding right only', input: size(3, 5, 5), window: square(3, { pads: [0, 0, 0, 2] }), outputs: 4, images: 3 },
    { row: 'more padding than kernel', input: size(2, 3, 3), window: square(1, { pads: [2, 2, 2, 2] }), outputs: 4, images: 3 },
    { row: 'kernel 7', input: size(2, 7, 7), window: square(7, { pads: [3, 3, 3, 3] }), outputs: 4, images: 2 },
    { row: 'kernel 1 × 3', input: size(3, 4, 9), window: { ...square(1), kernel: [1, 3] as const }, outputs: 4, images: 2 },
    { row: 'kernel 3 × 1', input: size(3, 9, 4), window: { ...square(1), kernel: [3, 1] as const }, outputs: 4, images: 2 },
    {
      row: 'dilation 2',
      input: size(3, 9, 9),
      window: { ...SAME, dilation: [2, 2] as const, pads: [2, 2, 2, 2] as const },
      outputs: 4,
      images: 2,
    },
    { row: 'dilation down only', input: size(3, 9, 9), window: { ...SAME, dilation: [2, 1] as const }, outputs: 4, images: 2 },
    { row: 'as large as the map', input: size(6, 5, 4), window: { ...square(1), kernel: [5, 4] as const }, outputs: 17, images: 9 },
  ])('$row', async ({ input, window, outputs, images }) => {
    await expectReference(around(input, window, outputs), images, 2);
  });

  it.each([
    { row: 'two groups within a tile', input: 6, outputs: 4, groups: 2 },
    { row: 'groups that straddle blocks of four', input: 9, outputs: 9, groups: 3 },
    { row: 'groups that straddle tiles of eight', input: 10, outputs: 20, groups: 2 },
    { row: 'depthwise', input: 13, outputs: 13, groups: 13 },
    { row: 'depthwise, two outputs each', input: 11, outputs: 22, groups: 11 },
  ])('$row', async ({ input, outputs, groups }) => {
    await expectReference(around(map(input, 5), SAME, outputs, groups), 3, 2);
  });

  it.each([1, 2, 7, 8])('K = %i', async (phaseBits) => {
    await expectReference(around(map(5, 6), SAME, 9, 1, phaseBits), 5, 3);
  });

  it('a layer of more than 64 KiB, in shares of uniform bindings', async () => {
    const network = around(map(40, 3), SAME, 200);
    const plan = planWords(network, device!.limits, { batch: 5, waves: 2, weights: 'uniform' });
    expect(plan.dispatches.filter(({ layer }) => layer === 1).length).toBeGreaterThan(1);
    await expectReference(network, 5, 2, uniformWays());
  });

  it('stride 2, shares of three tiles: the second of a pair is another dispatch’s', async () => {
    const network = around(map(300, 5), { ...SAME, stride: [2, 2] }, 50);
    const plan = planWords(network, device!.limits, { batch: 3, waves: 2, arithmetic: 'halves', weights: 'uniform' });
    expect(plan.dispatches.flatMap(({ layer, parameters }) => (layer === 1 ? [parameters.tiles] : []))).toEqual([3, 3, 1]);
    await expectReference(network, 3, 2, uniformWays());
  });

  it('a tile of more than 64 KiB, as storage', async () => {
    const network = around(map(916, 3), SAME, 9);
    const plan = planWords(network, device!.limits, { batch: 2, waves: 1 });
    expect(plan.dispatches.find(({ layer }) => layer === 1)?.variant.uniformWeights).toBe(false);
    await expectReference(network, 2, 1);
  });
});

describeOnDevice('accumulate: terms', () => {
  it('128 terms: convolutions and shortcuts of the pixels and of a layer', async () => {
    const shape = map(3, 4);
    const terms = Array.from({ length: 128 }, (_, t) => {
      const source = t % 3 === 0 ? -1 : 0;
      return t % 2 === 0 ? convolution(source, randomWeights(t, 3, 3 * 9), SAME) : shortcut(source, randomWeights(t, 1, 3));
    });
    const network = onGrid(
      ann(shape, [
        neurons('first', shape, [convolution(-1, randomWeights(50, 3, 3))]),
        neurons('many', shape, terms),
        readout(4, [convolution(1, randomWeights(51, 4, 48), square(4))]),
      ]),
    );
    await expectReference(network, 9, 2);
  });

  it('more than 128 terms, counted by bytes of sums, are refused', () => {
    const shape = map(1, 16);
    const network = onGrid(
      ann(shape, [
        neurons('first', shape, [convolution(-1, [1])]),
        pool('sum', 0, shape, 'average', square(16)), // 15 · 256: two bytes
        neurons(
          'many',
          map(1),
          Array.from({ length: 65 }, () => convolution(1, [1])),
        ),
        readout(2, [convolution(2, [1, 1])]),
      ]),
    );
    expect(() => planWords(network, device!.limits, { batch: 1, waves: 1 })).toThrow(
      expect.objectContaining({ code: 'too-many-terms' }),
    );
  });
});

describeOnDevice('pools', () => {
  /** pixels → layer → pool → (neurons →) readout */
  function pooled(mode: 'max' | 'average', from: Shape, window: Window, phaseBits: number, between: boolean): SpikingNetwork {
    const layer = pool('pool', 0, from, mode, window);
    const { shape } = layer;
    const layers: AnnLayer[] = [
      neurons(
        'first',
        from,
        [
          convolution(
            -1,
            randomWeights(1, from.channels, 2).map((w) => w * 4),
          ),
        ],
        randomWeights(2, 1, from.channels),
      ),
      layer,
    ];
    if (between) {
      const weights = randomWeights(3, 9, shape.channels * 9);
      layers.push(neurons('between', { ...shape, channels: 9 }, [convolution(1, weights, SAME)]));
    }
    const channels = between ? 9 : shape.channels;
    const last = convolution(layers.length - 1, randomWeights(4, 6, channels * shape.height * shape.width), full(shape));
    return onGrid(ann({ ...from, channels: 2 }, [...layers, readout(6, [last])]), { phaseBits });
  }

  it.each([
    {
      row: 'max, overlapping, padded',
      mode: 'max',
      from: map(5, 7),
      window: square(3, { stride: [2, 2], pads: [1, 1, 1, 1] }),
      K: 4,
    },
    { row: 'max, K = 8', mode: 'max', from: map(5, 6), window: square(2, { stride: [2, 2] }), K: 8 },
    { row: 'max, one-sided padding', mode: 'max', from: map(3, 5), window: square(2, { pads: [0, 0, 1, 1] }), K: 3 },
    { row: 'max, window of one', mode: 'max', from: map(3, 5), window: square(1, { stride: [2, 2] }), K: 3 },
    { row: 'sum in one byte', mode: 'average', from: map(5, 4), window: square(2, { stride: [2, 2] }), K: 4 },
    { row: 'sum of exactly 255', mode: 'average', from: map(2, 1), window: square(1), K: 8 },
    { row: 'sum in two bytes, K = 4', mode: 'average', from: map(5, 8), window: square(8), K: 4 },
    {
      row: 'sum in two bytes, K = 8, padded',
      mode: 'average',
      from: map(5, 6),
      window: square(3, { stride: [2, 2], pads: [1, 1, 1, 1] }),
      K: 8,
    },
    { row: 'sum in three bytes, K = 8', mode: 'average', from: map(3, 18), window: square(17, { pads: [0, 0, 0, 0] }), K: 8 },
    { row: 'sum, K = 1', mode: 'average', from: map(3, 17), window: square(16), K: 1 },
  ] as const)('$row, before neurons and before the readout', async ({ mode, from, window, K }) => {
    for (const between of [true, false]) await expectReference(pooled(mode, from, window, K, between), 3, 2);
  });

  it('full words summed up to the third byte', async () => {
    const shape = map(3, 18);
    const network = onGrid(
      ann(map(2, 18), [
        // λ is 2: a bias of 3 fills every word but where the pixels take it back
        neurons(
          'first',
          shape,
          [
            convolution(
              -1,
              randomWeights(1, 3, 2).map((w) => w / 3),
            ),
          ],
          [3, 3, 1.9],
        ),
        pool('sum', 0, shape, 'average', square(17)),
        neurons('second', map(6, 2), [convolution(1, randomWeights(2, 6, 3))]),
        readout(4, [convolution(2, randomWeights(3, 4, 24), square(2)), convolution(1, randomWeights(4, 4, 12), square(2))]),
      ]),
      { phaseBits: 8 },
    );
    const [image] = simulateAll(network, randomPixels(network.input.shape, 1, 1), 1);
    expect(Math.max(...image.words[1][0])).toBeGreaterThan(65535);
    await expectReference(network, 3, 2);
  });

  it('a sum that neurons and readout read both', async () => {
    const shape = map(6, 8);
    const network = onGrid(
      ann(map(2, 8), [
        neurons('first', shape, [
          convolution(
            -1,
            randomWeights(1, 6, 2).map((w) => w * 3),
          ),
        ]),
        pool('sum', 0, shape, 'average', square(8)),
        neurons('second', map(6), [convolution(1, randomWeights(2, 6, 6)), shortcut(1, new Float32Array(6).fill(1))]),
        readout(6, [shortcut(1, new Float32Array(6).fill(1)), convolution(2, randomWeights(3, 6, 6))]),
      ]),
      { phaseBits: 6 },
    );
    await expectReference(network, 11, 3);
  });

  it('a max pool over a max pool, and a sum over that', async () => {
    const shape = map(5, 12);
    const first = pool('a', 0, shape, 'max', square(2, { stride: [2, 2] }));
    const second = pool('b', 1, first.shape, 'max', square(3));
    const third = pool('c', 2, second.shape, 'average', square(4));
    const network = onGrid(
      ann(map(2, 12), [
        neurons('first', shape, [
          convolution(
            -1,
            randomWeights(1, 5, 2).map((w) => w * 3),
          ),
        ]),
        first,
        second,
        third,
        readout(3, [convolution(3, randomWeights(2, 3, 5))]),
      ]),
    );
    await expectReference(network, 4, 2);
  });
});

describeOnDevice('the readout', () => {
  it.each([1, 2, 8, 9, 70])('%i classes', async (classes) => {
    const network = onGrid(
      ann(map(3, 2), [
        neurons('first', map(5, 2), [convolution(-1, randomWeights(1, 5, 3))]),
        readout(classes, [convolution(0, randomWeights(2, classes, 20), square(2))], randomWeights(3, 1, classes)),
      ]),
    );
    await expectReference(network, 65, 2);
  });

  it('reads sources of K = 7 and of K = 3, whose words are whole before the window ends, summed and not', async () => {
    const shape = map(9, 2);
    const network = onGrid(
      ann(map(3, 2), [
        neurons('first', shape, [convolution(-1, randomWeights(1, 9, 3))]),
        neurons('second', shape, [convolution(0, randomWeights(2, 9, 9))]),
        pool('long', 0, shape, 'average', square(2)),
        pool('short', 1, shape, 'average', square(2)),
        readout(9, [
          ...[0, 1].map((source) => convolution(source, randomWeights(3 + source, 9, 36), square(2))),
          ...[2, 3].map((source) => shortcut(source, randomWeights(5 + source, 1, 9))),
        ]),
      ]),
      { phaseBits: [4, 7, 3] },
    );
    await expectReference(network, 5, 2);
  });

  it('reads the pixels too, with their zero point', async () => {
    const network = onGrid(
      ann(map(3, 2), [
        neurons('first', map(3, 2), [convolution(-1, randomWeights(1, 3, 3))]),
        readout(4, [
          convolution(0, randomWeights(2, 4, 12), square(2)),
          convolution(-1, randomWeights(3, 4, 27), square(3, { pads: [1, 1, 0, 0] })),
        ]),
      ]),
    );
    await expectReference(network, 3, 3);
  });
});

describeOnDevice('membranes at their bounds', () => {
  it('shifts up to 30, biases near ±2^30: the reference’s bits', async () => {
    let coarse = 0;
    let clamped = 0;
    const oneWay = byTurns<Way>(1);
    await fc.assert(
      fc.asyncProperty(recipes, async (recipe) => {
        const network = extremes(randomNetwork(recipe), recipe.seed);
        const pixels = randomPixels(network.input.shape, 3, recipe.seed);
        const reference = simulateAll(network, pixels, recipe.waves);
        network.layers.forEach((layer, l) => {
          if (layer.kind !== 'neurons') return;
          if (layer.terms.some(({ shifts }) => shifts.some((s) => s > 8))) coarse++;
          if (reference.some(({ membranes }) => membranes[l].some((v) => Math.abs(v) > 2 ** 30 - 256))) clamped++;
        });
        for (const { on, ...choice } of oneWay(waysOfDevice())) {
          await expectSameBits(on, network, pixels, reference, { waves: recipe.waves, ...choice });
        }
      }),
      { numRuns: SOAK ? 40 : 24, seed: 61, endOnFailure: true },
    );
    expect(coarse).toBeGreaterThan(20);
    expect(clamped).toBeGreaterThan(20);
  });
});
