import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { seeded } from '../../src/ann/build.ts';
import { binEdge, type LayerStatistics } from '../../src/ann/statistics.ts';
import { type ConvertOptions, convert } from '../../src/convert/convert.ts';
import { percentile, scaleOf } from '../../src/convert/scale.ts';
import { chooseScales } from '../../src/convert/scales.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { scalesOf } from '../../src/network/units.ts';
import { layHistograms } from '../../src/plan/cells/histograms.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { logits } from '../../src/reference/simulate.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { CalibrationSession } from '../../src/run/calibration-session.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { evaluateImage } from '../helpers/ann-evaluate.ts';
import { countChannel, countLayer } from '../helpers/count-values.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomAnn, randomPixels, recipes } from '../helpers/random-network.ts';
import { type Factors, rescaled } from '../helpers/rescaled.ts';
import { ann, convolution, map, neurons, readout, residualAnn, shortcut, square } from '../network/hand-made.ts';

/** Half of them 0, the others half normal, as f32. */
function someValues(seed: number, count: number, unit: number): Float32Array {
  const random = seeded(seed);
  return Float32Array.from({ length: count }, () => Math.max(0, random.normal()) * unit);
}

const KINDS = [
  { of: 'a layer', distribution: countLayer, width: 2 ** -8 },
  { of: 'a channel', distribution: countChannel, width: 2 ** -5 },
] as const;
const UNITS = [2 ** -100, 1e-30, 1e-8, 1, 1e5, 1e8, 1e30, 2 ** 100];

describe.each(KINDS)('scales by the histogram of $of', ({ distribution, width }) => {
  const how = { method: 'mse', percentile: 99.9, phaseBits: 4 } as const;

  it.each(UNITS)('percentiles and maximum are those of the values, times %f', (unit) => {
    const values = someValues(3, 20000, unit);
    const sorted = values.toSorted();
    for (const P of [60, 90, 99, 99.9]) {
      const exact = sorted[Math.ceil((P / 100) * values.length) - 1];
      expect(Math.abs(percentile(distribution(values), P) / exact - 1), `${P}`).toBeLessThanOrEqual(width);
    }
    const largest = scaleOf('l', distribution(values), Infinity, { ...how, method: 'max' });
    expect(largest).toBeGreaterThanOrEqual(sorted[values.length - 1]);
    expect(largest).toBeLessThanOrEqual(sorted[values.length - 1] * (1 + width));
  });

  it.each([1, 2, 4, 6, 8])('mse, K = %i: the error of the words is hardly above the least of the 60 scales', (K) => {
    const values = someValues(4, 20000, 1);
    const top = 2 ** K;
    const errorOf = (scale: number) =>
      values.reduce((sum, v) => sum + (v - (Math.min(Math.floor((v / scale) * top + 0.5), top - 1) / top) * scale) ** 2, 0);
    const most = values.reduce((a, b) => Math.max(a, b));
    const least = Math.min(...Array.from({ length: 60 }, (_, i) => errorOf(most * (0.15 + (0.85 * i) / 59))));
    const found = scaleOf('l', distribution(values), Infinity, { ...how, phaseBits: K });
    expect(errorOf(found)).toBeLessThanOrEqual(1.03 * least);
    expect(found).toBeGreaterThanOrEqual(0.149 * most);
  });

  it('twice the values, twice the scale, exactly', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: -90, max: 90 }), fc.constantFrom('percentile', 'max', 'mse'), (seed, k, method) => {
        const [one, other] = [1, 2 ** k].map((unit) =>
          scaleOf('l', distribution(someValues(seed, 300, unit)), Infinity, { ...how, method }),
        );
        expect(other).toBe(one * 2 ** k);
      }),
      { numRuns: 60 },
    );
  });
});

it('layers whose channels’ histograms are too many for one buffer are measured in groups', () => {
  const wide = map(20000);
  const layer = (l: number) => neurons(`layer ${l}`, wide, [shortcut(l - 1, new Float32Array(20000).fill(1))]);
  const net = ann(wide, [layer(0), layer(1), layer(2), layer(3), readout(1, [convolution(3, new Float32Array(20000))])]);
  expect(layHistograms(net, true)).toEqual({ counted: [0, 1, 2, 3], channelGroups: [[0], [1], [2], [3]] });
  const narrow = ann(map(3), [...[0, 1].map((l) => neurons(`${l}`, map(3), [shortcut(l - 1, [1, 1, 1])])), readout(1, [])]);
  expect(layHistograms(narrow, true).channelGroups).toEqual([[0, 1]]);
  expect(layHistograms(narrow, false).channelGroups).toEqual([]);
});

describe('a channel that hardly fired', () => {
  const [values, tiny] = [Float32Array.of(1, 2, 3), Float32Array.of(0, 0, 1e-9)];
  const options = { method: 'max', percentile: 99.9, phaseBits: [4, 4], perChannel: true, mean: [0.25], std: [0.5] } as const;
  const scalesFor = (ceiling: number) => {
    const layer = { ...neurons('a', map(2), [convolution(-1, [1, -2])], [0, 0.5]), ceiling };
    const statistics = [{ ...countLayer([...values, ...tiny]), channels: [countChannel(values), countChannel(tiny)] }, null];
    const net = ann(map(1), [layer, readout(2, [convolution(0, [1, 1, 1, 1])])]);
    return chooseScales(net, { statistics, largestLogit: 7 }, options).scales;
  };

  it('has a λ that its weights allow', () => {
    // pixels up to (1 − 0.25) / 0.5: the bound on the sum of channel 1 is 2 · 1.5 + 0.5
    expect(scalesFor(Infinity)).toEqual([Float64Array.of(3, 3.5 / 4096), 7]);
  });

  it('and none above the clip of the graph', () => {
    expect(scalesFor(2 ** -12)).toEqual([Float64Array.of(2 ** -12, 2 ** -12), 7]);
  });
});

describe('a source of ones', () => {
  const ones = neurons('ones', map(1), [convolution(-1, [0])], [1]);
  const net = ann(map(1), [ones, readout(1, [convolution(0, [3])])]);
  const options = { method: 'mse', percentile: 99.9, perChannel: false, mean: [0.25], std: [0.5] } as const;

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('sends exactly one in every wave, K = %i', (K) => {
    const statistics = [{ ...countLayer([1, 1, 1]), channels: null }, null];
    const { scales, silent } = chooseScales(net, { statistics, largestLogit: 3 }, { ...options, phaseBits: [K, K] });
    expect(silent).toEqual([]);
    for (const initial of ['half', 'zero'] as const) {
      const network = quantize(net, { phaseBits: K, initial, scales, mean: [0.25], std: [0.5] });
      const words = windowed(network, Uint8Array.of(77), 4).words[0].map(([word]) => word * network.layers[0].units.unit[0]);
      expect(words).toEqual([1, 1, 1, 1]);
    }
  });
});

/** All integers of a network. */
const integersOf = ({ layers }: SpikingNetwork) =>
  layers.map((layer) =>
    layer.kind === 'pool' ? layer.mode : [layer.gridBits, layer.bias, layer.terms.map(({ operator }) => operator.weights)],
  );

it('random networks: what a channel is multiplied by goes into its λ and leaves all integers as they are', () => {
  fc.assert(
    fc.property(recipes, (recipe) => {
      const net = randomAnn(recipe);
      const random = seeded(recipe.seed);
      const factors = net.layers.map(({ shape }) => Array.from({ length: shape.channels }, () => 2 ** random.integer(-9, 9)));
      const λ = net.layers.map(({ shape }) => Array.from({ length: shape.channels }, () => 2 ** (random.real() * 3 - 1)));
      const { phaseBits, initial } = recipe;
      const of = (one: Ann, factor: Factors) => {
        const scales = one.layers.map(({ kind }, l) => (kind === 'readout' ? 2 : λ[l].map((s, c) => s * factor(l, c))));
        return quantize(one, { phaseBits, initial, scales, mean: [0.5], std: [0.25] });
      };
      const factor: Factors = (l, c) => factors[l][c];
      expect(integersOf(of(rescaled(net, factor), factor))).toEqual(integersOf(of(net, () => 1)));
    }),
    { numRuns: 100 },
  );
});

/** Logits of one image after three words, by the reference. */
const logitsOf = (network: SpikingNetwork, pixels: Uint8Array): Float64Array =>
  logits(network, windowed(network, pixels, 3).potentials.at(-1)!, 3);

/** The greatest distance of two lists of logits, in units of the second's greatest. */
const distance = (some: Float64Array, right: Float64Array): number =>
  Math.max(...some.map((v, o) => Math.abs(v - right[o]))) / Math.max(...right.map(Math.abs));

const MEAN = [0.45];
const STD = [0.25];
const ROOM = { mean: MEAN, std: STD, phaseBits: 5 };
const NET = residualAnn(8);
const PIXELS = randomPixels(NET.input, 24, 7);
const converted = (net: Ann, options: ConvertOptions = {}) => convert(device!, net, PIXELS, { ...ROOM, ...options });

describeOnDevice('calibration on the device', () => {
  /** What calibration measures in batches of 7. */
  async function calibrated(net: Ann, pixels: Uint8Array): Promise<readonly (LayerStatistics | null)[]> {
    const options = { mean: MEAN, std: STD, batch: 7, countChannels: true };
    const session = await CalibrationSession.create(device!, net, pixelsSource(pixels, net.input), options);
    try {
      return (await session.calibrate()).statistics;
    } finally {
      session.dispose();
    }
  }

  it('counts channels in groups where they are too many, the same as in one', async () => {
    const CHANNELS = 20000;
    const random = seeded(2);
    const weights = Float32Array.from({ length: CHANNELS }, () => random.normal());
    const net = ann(map(1), [
      neurons('first', map(CHANNELS), [convolution(-1, weights)]),
      neurons('twice', map(CHANNELS), [shortcut(0, new Float32Array(CHANNELS).fill(2))]),
      readout(1, [convolution(1, new Float32Array(CHANNELS))]),
    ]);
    expect(layHistograms(net, true).channelGroups).toEqual([[0], [1]]);
    const [first, second] = await calibrated(net, randomPixels(net.input, 9, 3));
    const other = first!.channels!.filter((one, c) => {
      const twice = second!.channels![c];
      const same = twice.largest === 2 * one.largest && binEdge(twice, 9) === 2 * binEdge(one, 9);
      return !same || twice.bins.some((n, bin) => n !== one.bins[bin]);
    });
    expect(other).toEqual([]);
    // a channel is positive for bright images or for dark ones
    expect(first!.channels!.every(({ largest }) => largest > 0)).toBe(true);
  });

  it.each([-100, -27, 17, 20, 27, 100])('activations times 2^%i in every other layer: the same integers', async (k) => {
    const factor: Factors = (l) => (l % 2 === 0 ? 2 ** k : 1);
    for (const scale of ['percentile', 'mse', 'max'] as const) {
      const [one, other] = [await converted(NET, { scale }), await converted(rescaled(NET, factor), { scale })];
      expect(integersOf(other)).toEqual(integersOf(one));
      one.layers.forEach(({ kind, units }, l) => {
        if (kind === 'neurons') expect(other.layers[l].units.unit).toEqual(units.unit.map((u) => u * factor(l, 0)));
      });
    }
  });

  it.each([1e-8, 1e5, 1e6, 1e8])('activations times %f, no power of two: nearly the same logits', async (k) => {
    const net = rescaled(NET, (l) => (l % 2 === 0 ? k : 1));
    const [one, other] = [await converted(NET), await converted(net)].map((network) => logitsOf(network, PIXELS.subarray(0, 192)));
    // a bin's width, 0.4 %, moves λ, and with it words now and then
    expect(distance(other, one)).toBeLessThan(0.1);
  });

  it('by channel: activations of channels of very different sizes, the same integers', async () => {
    const random = seeded(9);
    const factors = NET.layers.map(({ shape }) => Array.from({ length: shape.channels }, () => 2 ** random.integer(-20, 20)));
    const perChannel = { perChannel: true, scale: 'mse' } as const;
    const one = await converted(NET, perChannel);
    const other = await converted(
      rescaled(NET, (l, c) => factors[l][c]),
      perChannel,
    );
    expect(integersOf(other)).toEqual(integersOf(one));
    const [first] = one.layers;
    expect(new Set(scalesOf(first.units, 5)).size).toBe(first.shape.channels);
  });

  it('by channel: logits are near those of the trained network', async () => {
    const network = await converted(NET, { perChannel: true, scale: 'max', phaseBits: 8 });
    const area = NET.input.height * NET.input.width;
    for (let n = 0; n < 3; n++) {
      const pixels = PIXELS.subarray(n * 3 * area, (n + 1) * 3 * area);
      const trained = evaluateImage(
        NET,
        Float64Array.from(pixels, (p) => (p / 255 - MEAN[0]) / STD[0]),
      ).at(-1)!;
      expect(distance(logitsOf(network, pixels), trained)).toBeLessThan(0.1);
    }
  });
});

describeOnDevice('what was silent in calibration', () => {
  /** One layer of two channels; then a layer that cannot fire, beside one that does. */
  const net = (bias: number) =>
    ann(map(1, 4), [
      neurons('first', map(2, 4), [convolution(-1, [1, -1])], [0.5, 0.5]),
      neurons('never', map(2, 4), [convolution(0, [1, 2, 3, 4])], [bias, bias]),
      neurons('both', map(2, 4), [shortcut(0, [1, 1]), shortcut(1, [1, 1])]),
      readout(2, [convolution(2, new Float32Array(64).fill(0.1), square(4))]),
    ]);

  it('a layer has λ from the bound on its sum, is named, and stays silent', async () => {
    const named: string[][] = [];
    const pixels = randomPixels(map(1, 4), 5, 1);
    const onSilent = (layers: readonly string[]) => named.push([...layers]);
    const network = await convert(device!, net(-1000), pixels, { ...ROOM, perChannel: false, onSilent });
    expect(named).toEqual([['never']]);
    const [first, never] = network.layers.map(({ units }) => scalesOf(units, 5)[0]);
    // 3 and 4 times the greatest value of the first layer, and the bias
    expect(never).toBeCloseTo(7 * first + 1000, 6);
    expect(windowed(network, pixels.subarray(0, 16), 3).words[1].every((words) => words.every((word) => word === 0))).toBe(true);
  });

  it('nobody is named where all layers fire', async () => {
    const onSilent = () => expect.unreachable();
    await convert(device!, net(0), randomPixels(map(1, 4), 5, 1), { ...ROOM, onSilent });
  });

  it('a channel has the layer’s λ, by channel', async () => {
    const net = ann(map(1, 4), [
      neurons('half', map(2, 4), [convolution(-1, [1, 1])], [2, -1000]),
      readout(2, [convolution(0, new Float32Array(64).fill(0.1), square(4))]),
    ]);
    const network = await convert(device!, net, randomPixels(map(1, 4), 5, 1), { ...ROOM, perChannel: true, scale: 'max' });
    const [alive, silent] = scalesOf(network.layers[0].units, 5);
    expect(silent).toBeGreaterThanOrEqual(alive);
    expect(silent).toBeLessThanOrEqual(alive * 1.004);
  });
});
