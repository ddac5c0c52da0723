import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { seeded } from '../../src/ann/build.ts';
import { BsnnError, ConversionError, OptionError } from '../../src/errors.ts';
import { phaseBitsOf, type SpikingNeurons, type SpikingReadout } from '../../src/network/network.ts';
import { type QuantizeOptions, quantize } from '../../src/quantize/quantize.ts';
import { simulate } from '../../src/reference/simulate.ts';
import { randomNetwork, recipes } from '../helpers/random-network.ts';
import { ann, convolution, map, neurons, pool, readout, SAME, shortcut, square } from '../network/hand-made.ts';

const convert = (net: Ann, options: Partial<QuantizeOptions> = {}) =>
  quantize(net, { phaseBits: 4, initial: 'half', scales: net.layers.map(() => 1), mean: [0], std: [1], ...options });

/** pixels → one neuron → readout */
const small = (over: { readonly input?: number; readonly weight?: number } = {}): Ann => {
  const { input = 1, weight = 1 } = over;
  return ann(map(input), [
    neurons('first', map(1), [convolution(-1, new Float32Array(input).fill(weight))]),
    readout(2, [convolution(0, [1, -1])]),
  ]);
};

/** The error that work throws. */
function thrown(work: () => unknown): BsnnError {
  try {
    work();
  } catch (error) {
    if (error instanceof BsnnError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('options', () => {
  it.each([0, 9, 2.5, -1, Number.NaN, Infinity])('phaseBits %f is refused', (phaseBits) => {
    const error = thrown(() => convert(small(), { phaseBits }));
    expect(error).toBeInstanceOf(OptionError);
    expect([error.code, error.where]).toEqual(['phaseBits', 'phaseBits']);
    expect(error.message).toContain(`${phaseBits} is not an integer from 1 to 8`);
    expect(error.exitCode).toBe(2);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('phaseBits %i is taken', (phaseBits) => {
    expect(phaseBitsOf(convert(small(), { phaseBits }))).toBe(phaseBits);
  });

  it.each([
    { phaseBits: [], what: '0 numbers for "by hand", whose readout has depth 2' },
    { phaseBits: [4], what: '1 numbers' },
    { phaseBits: [4, 4, 4], what: "give one for all, or 2: of the input's window, then of depths 1 to 1" },
    { phaseBits: [4, 9], what: '9 (depth 1) is not an integer from 1 to 8' },
    { phaseBits: [0, 4], what: "0 (the input's window) is not an integer from 1 to 8" },
    { phaseBits: [4, 1.5], what: '1.5 (depth 1)' },
  ])('phaseBits $phaseBits is refused', ({ phaseBits, what }) => {
    const error = thrown(() => convert(small(), { phaseBits }));
    expect(error).toBeInstanceOf(OptionError);
    expect([error.code, error.where]).toEqual(['phaseBits', 'phaseBits']);
    expect(error.message).toContain(what);
  });

  it('K by depth: each layer has the unit and the largest word of its own, the readout the unit of the depth before', () => {
    const net = ann(map(1), [
      neurons('first', map(1), [convolution(-1, [1])]),
      neurons('second', map(1), [convolution(0, [1])]),
      readout(1, [convolution(1, [1])]),
    ]);
    const network = convert(net, { phaseBits: [7, 3, 5], scales: [2, 3, 4] });
    const [first, second, last] = network.layers;
    expect([first.units.unit[0], second.units.unit[0]]).toEqual([2 / 8, 3 / 32]);
    expect([first.units.most, second.units.most, last.units.most]).toEqual([7, 31, 0]);
    expect(last.units.unit[0]).toBe(4 / 32 / 2 ** (last as SpikingReadout).gridBits[0]);
    // m = 1 · (2/8) / (3/32) = 8/3, of which 2^5 is the largest power with 85 ≤ 127
    expect((second as SpikingNeurons).gridBits[0]).toBe(5);
    expect(network.timetable.layers.map(({ phases }) => phases)).toEqual([7, 3, 5, 0]);
    expect(network.neuron).toEqual({ name: 'bistable' });
    expect(convert(net, { neuron: { name: 'burst', most: 3 } }).neuron).toEqual({ name: 'burst', most: 3 });
  });

  it('a list of one K is that K', () => {
    expect(convert(small(), { phaseBits: [4, 4] })).toEqual(convert(small()));
  });

  it.each([
    { row: 'two means for three channels', mean: [0.1, 0.2], std: [1], where: 'mean' },
    { row: 'no mean', mean: [], std: [1], where: 'mean' },
    { row: 'four deviations for three channels', mean: [0], std: [1, 1, 1, 1], where: 'std' },
    { row: 'a mean in 0…255', mean: [125], std: [1], where: 'mean' },
    { row: 'a negative mean', mean: [-0.1], std: [1], where: 'mean' },
    { row: 'NaN mean', mean: [Number.NaN], std: [1], where: 'mean' },
    { row: 'a deviation of 0', mean: [0], std: [1, 0, 1], where: 'std' },
    { row: 'a negative deviation', mean: [0], std: [-1], where: 'std' },
    { row: 'an infinite deviation', mean: [0], std: [Infinity], where: 'std' },
    { row: 'NaN deviation', mean: [0], std: [Number.NaN], where: 'std' },
  ])('$row', ({ mean, std, where }) => {
    const error = thrown(() => convert(small({ input: 3 }), { mean, std }));
    expect(error).toBeInstanceOf(OptionError);
    expect([error.code, error.where]).toEqual([where, where]);
    expect(error.remedy).toMatch(/pixels \/ 255|one value|channel/);
  });

  it('one mean serves all channels, the zero points are rounded half away from zero', () => {
    const { input } = convert(small({ input: 3 }), { mean: [0.5], std: [0.25, 0.5, 1] });
    expect([...input.units.zero]).toEqual([128, 128, 128]);
    expect(input.std).toEqual([0.25, 0.5, 1]);
  });

  it('means of 0 and 1 are the ends of the range', () => {
    expect([...convert(small({ input: 2 }), { mean: [0, 1] }).input.units.zero]).toEqual([0, 255]);
  });
});

describe('refusals name the layer, and say what and why', () => {
  const shape = map(1, 4);
  const first = neurons('first', shape, [convolution(-1, new Float32Array(9).fill(0.1), SAME)]);
  const padded = square(2, { stride: [2, 2], pads: [1, 1, 1, 1] });
  const refused = (net: Ann, name: string, says: readonly [code: string, what: string], options: Partial<QuantizeOptions> = {}) => {
    const error = thrown(() => convert(net, options));
    expect(error).toBeInstanceOf(ConversionError);
    expect([error.code, error.where]).toEqual([says[0], expect.stringContaining(`"${name}"`)]);
    expect(error.message).toContain(says[1]);
    expect(error.exitCode).toBe(3);
    expect(error.remedy).not.toBe('');
  };

  it.each<[string, string, QuantizeOptions['scales']]>([
    ['first', '2 scales λ for 1 channels', [[1, 2], 1]],
    ['first', 'scale λ = 0 of channel 0 is not a positive number', [[0], 1]],
    ['first', 'scale λ = NaN of channel 0', [Float64Array.of(Number.NaN), 1]],
    ['readout', '2 scales λ for 2 channels', [1, [1, 1]]],
  ])('scales by channel, of layer %s: %s', (name, what, scales) => {
    const net = ann(shape, [first, readout(2, [convolution(0, new Float32Array(32), square(4))])]);
    refused(net, name, ['bad-scale', what], { scales });
  });

  it('a scale by channel is taken of neurons, and the channel that is wrong is named', () => {
    const net = ann(map(1), [neurons('two', map(2), [convolution(-1, [1, 1])]), readout(1, [convolution(0, [1, 1])])]);
    expect([...convert(net, { scales: [[1, 2], 1] }).layers[0].units.unit]).toEqual([1 / 16, 2 / 16]);
    refused(net, 'two', ['bad-scale', 'scale λ = -1 of channel 1 is not a positive number'], { scales: [[1, -1], 1] });
  });

  it('an average pool that leaves padding out, on one side at least', () => {
    for (const window of [padded, square(2, { stride: [2, 2], pads: [0, 0, 1, 0] })]) {
      const averaged = pool('average', 0, shape, 'average', window, false);
      const { height, width } = averaged.shape;
      const last = readout(2, [convolution(1, new Float32Array(2 * height * width), { ...square(1), kernel: [height, width] })]);
      refused(ann(shape, [first, averaged, last]), 'average', ['pool', 'another divisor at each border']);
    }
  });

  it('… while padding that counts, no padding, and a max pool are taken', () => {
    for (const [mode, window, counted] of [
      ['average', padded, true],
      ['average', square(2, { stride: [2, 2] }), false],
      ['max', padded, false],
    ] as const) {
      const pooled = pool('pool', 0, shape, mode, window, counted);
      const size = pooled.shape.height;
      const net = ann(shape, [first, pooled, readout(2, [convolution(1, new Float32Array(2 * size * size), square(size))])]);
      expect(convert(net).layers[1].kind).toBe('pool');
    }
  });

  it('a pool on the pixels', () => {
    const pooled = pool('on pixels', -1, shape, 'max', square(4));
    refused(ann(shape, [pooled, readout(2, [convolution(0, [1, 1])])]), 'on pixels', ['pool', 'a pool directly on the pixels']);
  });

  it.each(['max', 'average'] as const)('a %s pool over an average pool', (mode) => {
    const averaged = pool('average', 0, shape, 'average', square(2, { stride: [2, 2] }));
    const second = pool('second', 1, averaged.shape, mode, square(2));
    const net = ann(shape, [first, averaged, second, readout(2, [convolution(2, [1, 1])])]);
    refused(net, 'second', ['pool', 'a pool over an average pool is not exact in one step']);
  });

  it('an average pool over a max pool is taken', () => {
    const highest = pool('max', 0, shape, 'max', square(2, { stride: [2, 2] }));
    const second = pool('second', 1, highest.shape, 'average', square(2));
    const network = convert(ann(shape, [first, highest, second, readout(2, [convolution(2, [1, 1])])]));
    expect(network.layers[2]).toMatchObject({ kind: 'pool', mode: 'sum', units: { most: 15 * 4 } });
  });

  it('sums that f32 could not hold: from 2^24 on', () => {
    const large = map(1, 260);
    const wide = neurons('wide', large, [shortcut(-1, [1])]);
    const summed = pool('sum', 0, large, 'average', square(260));
    const net = ann(large, [wide, summed, readout(2, [convolution(1, [1, 1])])]);
    refused(net, 'sum', ['pool', 'sums of up to 17238000 words are not exact'], { phaseBits: 8 });
  });

  it.each([0, -1, Number.NaN, Infinity])('a scale of %f', (scale) => {
    const says = ['bad-scale', `scale λ = ${scale} is not a positive number`] as const;
    refused(small(), 'first', says, { scales: [scale, 1] });
    refused(small(), 'readout', says, { scales: [1, scale] });
  });

  it('no scale at all', () => {
    refused(small(), 'first', ['bad-scale', 'scale λ = undefined is not'], { scales: [] });
  });

  it('a layer beside the readout, which nothing waits for', () => {
    const late = neurons('late', map(1), [convolution(0, [1])]);
    const net = ann(map(1), [neurons('first', map(1), [convolution(-1, [1])]), late, readout(1, [convolution(0, [1])])]);
    refused(net, 'late', ['unread', "depth 2 is not before the readout's, 2"]);
    const none = ann(
      map(1),
      [late, readout(1, [convolution(-1, [1])])].map((layer) => ({ ...layer, terms: [convolution(-1, [1])] })),
    );
    refused(none, 'late', ['unread', "depth 1 is not before the readout's, 1"]);
  });

  it('a grid that is too coarse, for one term of two as for all', () => {
    const says = ['grid-too-coarse', 'weights are too large for the integer grid'] as const;
    refused(small({ weight: 1e9 }), 'first', says);
    const two = ann(map(1), [
      neurons('first', map(1), [convolution(-1, [1])]),
      neurons('second', map(1), [convolution(0, [1]), convolution(-1, [1e9])]),
      readout(1, [convolution(1, [1])]),
    ]);
    refused(two, 'second', says);
  });

  it('a network whose last layer is no readout', () => {
    const error = thrown(() => convert(ann(map(1), [neurons('first', map(1), [convolution(-1, [1])])])));
    expect([error.code, error.where]).toEqual(['readout', 'layer ""']);
  });

  it('a readout that is not the last', () => {
    const net = ann(map(1), [readout(1, [convolution(-1, [1])]), neurons('after', map(1), [convolution(-1, [1])])]);
    refused(net, 'readout', ['readout', 'the last layer must be the only readout']);
  });
});

describe('what conversion makes of pools', () => {
  const shape = map(2, 4);
  const first = neurons('first', shape, [convolution(-1, new Float32Array(4).fill(0.1))]);

  it('max keeps the word’s range and unit, average is a sum with 1/n in the weights that read it', () => {
    const of = (mode: 'max' | 'average') => {
      const pooled = pool('pool', 0, shape, mode, square(4));
      return convert(ann(map(2, 4), [first, pooled, readout(1, [convolution(1, [1, 1])])]));
    };
    const highest = of('max');
    const averaged = of('average');
    expect(highest.layers[1]).toMatchObject({ mode: 'max', units: { most: 15 } });
    expect(averaged.layers[1]).toMatchObject({ mode: 'sum', units: { most: 240 } });
    // the real weight on the sum is 1/16; 8 bits take it to 64 with g four larger
    const gridOf = (net: ReturnType<typeof of>) => (net.layers[2].kind === 'readout' ? net.layers[2].gridBits[0] : Number.NaN);
    expect(gridOf(highest)).toBe(6);
    expect(gridOf(averaged)).toBe(10);
  });
});

describe('properties of every conversion', () => {
  it('all sums stay below 2^30, weights within 8 bits, g within 0…22, shifts within 0…30', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const network = randomNetwork(recipe);
        const maxOf = (source: number) => {
          if (source < 0) return 255;
          const layer = network.layers[source];
          return layer.units.most;
        };
        for (const layer of network.layers) {
          if (layer.kind === 'pool') continue;
          const { channels } = layer.shape;
          for (let o = 0; o < channels; o++) {
            let sum = Math.abs(layer.bias[o]);
            for (const { source, operator, shifts } of layer.terms) {
              const row = operator.weights.length / channels;
              for (let i = 0; i < row; i++) sum += Math.abs(operator.weights[o * row + i]) * maxOf(source) * 2 ** shifts[o];
              if (operator.type === 'convolution') {
                for (let i = 0; i < row; i++) expect(operator.weights[o * row + i]).toBeGreaterThanOrEqual(-127);
              }
            }
            expect(sum).toBeLessThan(2 ** 30);
            expect(layer.gridBits[o]).toBeGreaterThanOrEqual(0);
            expect(layer.gridBits[o]).toBeLessThanOrEqual(22);
          }
        }
      }),
      { numRuns: 80, seed: 23 },
    );
  });

  it('the same numbers in give the same integers out, and the input is not touched', () => {
    const net = small({ input: 3 });
    const before = structuredClone(net);
    expect(convert(net)).toEqual(convert(net));
    expect(net).toEqual(before);
  });
});

describe('one layer against the real ANN', () => {
  it('the first word is the activation, to half a unit and what the rounding of the weights allows', () => {
    let worst = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed);
      const K = random.integer(1, 8);
      const inputs = random.integer(1, 4);
      const size = random.integer(3, 6);
      const outputs = random.integer(1, 5);
      const mean = Array.from({ length: inputs }, () => random.real());
      const std = Array.from({ length: inputs }, () => 0.1 + random.real());
      const weights = Float32Array.from({ length: outputs * inputs * 9 }, () => random.normal() / 5);
      const bias = Float32Array.from({ length: outputs }, () => random.normal());
      const out = { channels: outputs, height: size - 2, width: size - 2 };
      const net = ann(map(inputs, size), [
        neurons('layer', out, [convolution(-1, weights, square(3))], bias),
        readout(1, [convolution(0, new Float32Array(outputs * out.height * out.width), square(size - 2))]),
      ]);
      const scale = 0.5 + 2 * random.real();
      const network = convert(net, { phaseBits: K, scales: [scale, 1], mean, std });
      const pixels = Uint8Array.from({ length: inputs * size * size }, () => random.integer(0, 255));
      const [words] = simulate(network, pixels, 1).words[0];
      const { gridBits } = network.layers[0] as SpikingNeurons;
      words.forEach((word, at) => {
        const o = Math.floor(at / (out.height * out.width));
        const y = Math.floor(at / out.width) % out.height;
        const x = at % out.width;
        let activation = bias[o];
        let reach = 1;
        for (let i = 0; i < inputs; i++) {
          for (let k = 0; k < 9; k++) {
            const p = pixels[(i * size + y + Math.floor(k / 3)) * size + x + (k % 3)];
            activation += (weights[(o * inputs + i) * 9 + k] * (p / 255 - mean[i])) / std[i];
            reach += Math.abs(p - network.input.units.zero[i]);
          }
        }
        const exact = Math.max(0, Math.min(2 ** K - 1, (activation / scale) * 2 ** K));
        // half a unit of the word, and half a unit of the grid for each weight and for the bias
        const allowed = 0.5 + (0.5 * reach) / 2 ** gridBits[o] + 1e-9;
        worst = Math.max(worst, Math.abs(word - exact) / allowed);
        if (Math.abs(word - exact) > allowed) expect({ seed, at, word, exact, allowed }).toBe('within what is allowed');
      });
    }
    // or the bound would say nothing
    expect(worst).toBeGreaterThan(0.5);
  });
});
