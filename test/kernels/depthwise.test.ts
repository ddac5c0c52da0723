import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INPUT, type Window, windowOutput } from '../../src/ann/ann.ts';
import { isDepthwise, layTaps, packTaps, suitsHalves } from '../../src/kernels/depthwise.ts';
import type { SpikingNetwork, SpikingNeurons } from '../../src/network/network.ts';
import { layerMacs } from '../../src/network/work.ts';
import { shapeKey } from '../../src/plan/choices.ts';
import { planWords } from '../../src/plan/words/plan.ts';
import { expectSameBits, simulateAll } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { hardware } from '../helpers/hardware.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';
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

const LIMITS = { maxUniformBufferBindingSize: 65536, maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 } as Parameters<
  typeof planWords
>[1];

interface Recipe {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly window: Window;
  /** The window lies on the pixels, whose padding is not 0. */
  readonly onPixels: boolean;
  /** No identity beside: with windows 3 wide it suits `halves`. */
  readonly alone: boolean;
  readonly phaseBits: number;
  readonly seed: number;
}

/** Layer `LAYER`: any window of one source, 3 × 3 taps and an identity of another, in every channel of its own. */
const LAYER = 2;
function depthwiseNetwork({ channels, height, width, window, onPixels, alone, phaseBits, seed }: Recipe): SpikingNetwork {
  const from = map(channels, height, width);
  const input = onPixels ? from : map(3, height, width);
  const shape = map(channels, ...windowOutput(from, window));
  const taps = window.kernel[0] * window.kernel[1];
  return onGrid(
    ann(input, [
      neurons('before', from, [convolution(INPUT, randomWeights(seed, channels, input.channels))]),
      pool('beside', 0, from, 'max', window),
      neurons(
        'depthwise',
        shape,
        [
          convolution(onPixels ? INPUT : 0, randomWeights(seed + 1, channels, taps), window, channels),
          convolution(1, randomWeights(seed + 2, channels, 9), SAME, channels),
          ...(alone ? [] : [shortcut(1, randomWeights(seed + 3, channels, 1))]),
        ],
        randomWeights(seed + 4, 1, channels),
      ),
      readout(3, [
        convolution(2, randomWeights(seed + 5, 3, channels * shape.height * shape.width), {
          ...square(1),
          kernel: [shape.height, shape.width],
        }),
      ]),
    ]),
    { phaseBits },
  );
}

const layerOf = (network: SpikingNetwork) => network.layers[LAYER] as SpikingNeurons;

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const STRIDED: readonly Window[] = [
  { ...SAME, stride: [2, 2] },
  { ...SAME, stride: [1, 2], pads: [1, 0, 1, 1] },
];
const windows: fc.Arbitrary<Window> = fc.oneof(
  fc.constantFrom<Window>(SAME, ...STRIDED),
  fc
    .record({ kernel: pair(1, 7), stride: pair(1, 3), dilation: pair(1, 2), pads: fc.tuple(pair(0, 3), pair(0, 3)) })
    .map(({ kernel, stride, dilation, pads: [top, left] }) => ({
      ...{ kernel, stride, dilation },
      // a pool's padding stays below its window
      pads: [top[0], left[0], top[1], left[1]].map((pad, i) => Math.min(pad, kernel[i % 2] - 1)) as unknown as Window['pads'],
    })),
);
const maps = {
  channels: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 })),
  height: fc.integer({ min: 1, max: 13 }),
  width: fc.integer({ min: 1, max: 19 }),
  seed: fc.nat(),
};
const integers: fc.Arbitrary<Recipe> = fc.record({
  ...{ ...maps, window: windows, alone: fc.constant(false) },
  ...{ onPixels: fc.boolean(), phaseBits: fc.integer({ min: 1, max: 8 }) },
});
/** Words of few bits and kernels 3 wide. Kernels of one kind more would be one more to compile: all have stride 2 beside stride 1. */
const halves: fc.Arbitrary<Recipe> = fc.record({
  ...{ ...maps, window: fc.constantFrom(...STRIDED, ...(SOAK ? [SAME] : [])), alone: fc.constant(true) },
  ...{ onPixels: fc.constant(false), phaseBits: fc.integer({ min: 1, max: 4 }) },
});
const recipes: fc.Arbitrary<Recipe> = fc
  .oneof({ arbitrary: integers, weight: 3 }, { arbitrary: halves, weight: 1 })
  .filter(({ channels, height, width, window }) => windowOutput(map(channels, height, width), window).every((side) => side >= 1));

describe('isDepthwise', () => {
  const layer = layerOf(
    depthwiseNetwork({ channels: 6, height: 5, width: 5, window: SAME, onPixels: false, alone: false, phaseBits: 4, seed: 1 }),
  );
  const [first, ...others] = layer.terms;
  const groups = (count: number) => ({ ...first, operator: { ...first.operator, groups: count } }) as typeof first;

  it('is so where every term has a channel a neuron', () => {
    expect(isDepthwise(layer)).toBe(true);
    expect(isDepthwise({ ...layer, terms: [first] })).toBe(true);
  });

  it('is not where a term has fewer groups, reads several channels a group, or all are identities', () => {
    expect(isDepthwise({ ...layer, terms: [groups(3), ...others] })).toBe(false);
    const doubled = { ...first.operator, weights: new Int8Array(2 * first.operator.weights.length) };
    expect(isDepthwise({ ...layer, terms: [{ ...first, operator: doubled } as typeof first] })).toBe(false);
    expect(isDepthwise({ ...layer, terms: others.slice(1) })).toBe(false);
  });
});

describe('suitsHalves', () => {
  const of = (recipe: Partial<Recipe>) =>
    depthwiseNetwork({
      ...{ channels: 5, height: 5, width: 5, window: SAME, onPixels: false, alone: true, phaseBits: 4, seed: 1 },
      ...recipe,
    });
  const suits = (network: SpikingNetwork, layer = layerOf(network)) => suitsHalves(network, layer);

  it('is so for kernels 3 wide of stride 1 or 2, whose words are few', () => {
    expect(suits(of({}))).toBe(true);
    expect(suits(of({ window: STRIDED[0] }))).toBe(true);
    expect(suits(of({ phaseBits: 8 }))).toBe(false);
    expect(suits(of({ alone: false }))).toBe(false);
    expect(suits(of({ window: square(5, { pads: [2, 2, 2, 2] }) }))).toBe(false);
    expect(suits(of({ window: { ...SAME, dilation: [2, 1], pads: [2, 1, 2, 1] } }))).toBe(false);
  });

  it('holds all that a wave brings to a neuron to 2^15 − 1, of either sign, on the membrane’s grid', () => {
    const network = of({ phaseBits: 1 });
    const layer = layerOf(network);
    // words of 1: the sum of a channel's weights is what a wave can bring
    const bringing = (weights: readonly number[], shift: number) => ({
      ...layer,
      terms: layer.terms.map((term, t) => ({
        ...term,
        operator: { ...term.operator, weights: new Int8Array(45).fill(0) },
        ...(t === 0 && { operator: { ...term.operator, weights: Int8Array.from({ length: 45 }, (_, i) => weights[i - 36] ?? 0) } }),
        shifts: new Int8Array(5).fill(shift),
      })) as typeof layer.terms,
    });
    for (const sign of [1, -1]) {
      const most = [127, 127, 1].map((weight) => weight * sign);
      expect(suits(network, bringing([...most, -sign], 7))).toBe(true); // 255 · 128 = 32,640
      expect(suits(network, bringing([...most, sign, -sign], 7))).toBe(false); // 256 · 128 = 2^15
      expect(suits(network, bringing([...most, sign], 6))).toBe(true);
    }
  });
});

describe('taps', () => {
  it('are the weights on the membrane’s grid, by block, term and place, and 0 behind the last channel', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const layer = layerOf(depthwiseNetwork(recipe));
        const { termOffsets, tileWords } = layTaps(layer);
        const packed = packTaps(layer);
        expect(packed.length).toBe(Math.ceil(recipe.channels / 4) * tileWords);
        let sum = 0;
        layer.terms.forEach(({ operator, shifts }, t) => {
          const taps = operator.weights.length / recipe.channels;
          for (let c = 0; c < recipe.channels; c++) {
            for (let k = 0; k < taps; k++) {
              const at = Math.floor(c / 4) * tileWords + termOffsets[t] + k * 4 + (c % 4);
              const right = operator.weights[c * taps + k] * 2 ** shifts[c];
              expect(packed[at]).toBe(right);
              sum += Math.abs(right);
            }
          }
        });
        expect(packed.reduce((total, tap) => total + Math.abs(tap), 0)).toBe(sum);
      }),
      { numRuns: 50, seed: 5 },
    );
  });
});

describe('plan of a depthwise layer', () => {
  const network = depthwiseNetwork({
    ...{ channels: 1030, height: 4, width: 4, onPixels: false, alone: false, phaseBits: 4, seed: 1 },
    window: square(5, { pads: [2, 2, 2, 2] }),
  });
  const dispatchesOf = (options: Parameters<typeof planWords>[2]) =>
    planWords(network, LIMITS, options).dispatches.filter(({ layer }) => layer === LAYER);

  it('has shares of whole blocks, which together are the layer', () => {
    // a block: (25 + 9 + 1) · 16 bytes, 117 of them in 64 KiB
    const shares = dispatchesOf({ batch: 8, waves: 3 });
    expect(shares.map(({ kernel, tiles, parameters }) => [kernel, parameters.firstTile, tiles])).toEqual([
      ['depthwise', 0, 117],
      ['depthwise', 117, 117],
      ['depthwise', 234, 24],
    ]);
    expect(shares.every(({ variant }) => variant.uniformWeights)).toBe(true);
    expect(shares.reduce((sum, { macs }) => sum + macs, 0)).toBeCloseTo(layerMacs(layerOf(network)) * 24);
    expect(dispatchesOf({ batch: 8, waves: 3, weights: 'storage' }).length).toBe(1);
  });

  it('takes four images at once where the batch allows it, else 16 pixels of one', () => {
    const extent = (batch: number) =>
      dispatchesOf({ batch, waves: 1 }).map(({ variant, invocations }) => [variant.wide, invocations]);
    expect(extent(8)[0]).toEqual([true, 2 * 1 * 4]);
    expect(extent(6)[0]).toEqual([false, 6 * 1 * 4]);
  });

  it('computes two rows of pixels at once in halves, on software drivers alone', () => {
    const plain = depthwiseNetwork({
      ...{ channels: 5, height: 5, width: 5, window: SAME, onPixels: false, alone: true, phaseBits: 4, seed: 1 },
    });
    const planned = (options: Partial<Parameters<typeof planWords>[2]>) =>
      planWords(plain, LIMITS, { batch: 8, waves: 1, ...options })
        .dispatches.filter(({ layer }) => layer === LAYER)
        .map(({ variant, invocations }) => [variant.halves, invocations]);
    const capabilities = { software: true, packedDot: true, fastDot: false, matrix: null, registers: 255 };
    expect(planned({ capabilities })).toEqual([[true, 2 * 2 * 3]]);
    expect(planned({ capabilities, arithmetic: 'integers' })).toEqual([[false, 2 * 2 * 5]]);
    expect(planned({ capabilities: { ...capabilities, software: false } })).toEqual([[false, 2 * 2 * 5]]);
    expect(planned({ arithmetic: 'halves' })).toEqual([[true, 2 * 2 * 3]]);
    expect(dispatchesOf({ batch: 8, waves: 1, arithmetic: 'halves' }).every(({ variant }) => !variant.halves)).toBe(true);
  });

  it('keeps its form whatever tuning found for the shape before it had one', () => {
    const choices = {
      [shapeKey(network, layerOf(network), 8)]: { form: 'registers', arithmetic: 'f32', weights: 'uniform' } as const,
    };
    expect(dispatchesOf({ batch: 8, waves: 1, choices }).every(({ kernel }) => kernel === 'depthwise')).toBe(true);
    expect(dispatchesOf({ batch: 8, waves: 1, form: 'tiled' }).every(({ kernel }) => kernel === 'depthwise')).toBe(true);
  });

  it('is in registers where that is asked for, and no other layer is depthwise', () => {
    expect(dispatchesOf({ batch: 8, waves: 1, form: 'registers' }).every(({ kernel }) => kernel === 'accumulate')).toBe(true);
    const all = planWords(network, LIMITS, { batch: 8, waves: 1, form: 'depthwise' }).dispatches;
    expect([...new Set(all.map(({ kernel }) => kernel))]).toEqual(['encode', 'accumulate', 'pool', 'depthwise', 'readout']);
  });
});

describeOnDevice('random depthwise layers: every word and membrane is the reference’s', () => {
  it('whatever the window, the map, the channels and the batch', async () => {
    const ways = [{ on: device! }, { on: hardware! }, { on: device!, weights: 'storage' as const }];
    let spikes = 0;
    let inHalves = 0;
    await fc.assert(
      fc.asyncProperty(
        recipes,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        async (recipe, images, room, waves, way) => {
          const network = depthwiseNetwork(recipe);
          const pixels = randomPixels(network.input.shape, images, recipe.seed);
          const reference = simulateAll(network, pixels, waves);
          const { on, ...choice } = ways[SOAK ? way % ways.length : 0];
          const isHalves = suitsHalves(network, layerOf(network));
          // fewer kernels to compile: none where halves do not fit, and of 16 pixels of an image one, with neither halves nor stride 2
          if (!SOAK) fc.pre(isHalves === recipe.alone);
          const isOne = SOAK || !(isHalves || recipe.window.stride[1] === 2);
          const batch = isOne ? images + room : Math.ceil((images + room) / 4) * 4;
          await expectSameBits(on, network, pixels, reference, { waves, batch, ...choice });
          if (isHalves) inHalves++;
          spikes += reference.reduce((sum, image) => sum + image.spikes[LAYER], 0);
        },
      ),
      { numRuns: SOAK ? 120 : 40, seed: 27, endOnFailure: true },
    );
    expect(spikes).toBeGreaterThan(0);
    expect(inHalves).toBeGreaterThan(0);
  });
});
