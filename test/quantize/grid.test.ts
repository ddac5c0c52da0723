import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnnTerm } from '../../src/ann/ann.ts';
import { ConversionError } from '../../src/errors.ts';
import { round } from '../../src/network/round.ts';
import type { Units } from '../../src/network/units.ts';
import { inputRemainder, quantizeLayer } from '../../src/quantize/grid.ts';
import { convolution, map, shortcut, square } from '../network/hand-made.ts';

const units = (channels: number, unit: number, most: number): Units => ({
  shape: map(channels),
  unit: new Float64Array(channels).fill(unit),
  zero: new Int32Array(channels),
  most,
});

/** One layer of vectors: terms of dense weights over one unit each. */
const onGrid = (terms: readonly AnnTerm[], bias: readonly number[], sources: readonly Units[], outputUnit = 1, phases = 4) =>
  quantizeLayer('layer', terms, sources, bias, { unit: bias.map(() => outputUnit), phases });

describe('rounding is half away from zero', () => {
  it.each([
    [0.5, 1],
    [-0.5, -1],
    [1.5, 2],
    [2.5, 3],
    [-2.5, -3],
    [0.49999, 0],
    [-0.49999, 0],
    [126.5, 127],
    [-127.49, -127],
    [0, 0],
  ])('[%f] = %i', (x, expected) => {
    expect(round(x) + 0).toBe(expected);
  });
});

describe('the grid of one channel, by hand', () => {
  it.each([
    { row: '127 fits as it is', weight: 127, bias: 0, max: 15, g: 0, s: 0, w: 127, b: 0 },
    { row: '128 is one too many: it counts twos', weight: 128, bias: 0, max: 15, g: 0, s: 1, w: 64, b: 0 },
    { row: '127.4 is not, once it is rounded', weight: 127.4, bias: 0, max: 15, g: 0, s: 0, w: 127, b: 0 },
    { row: '−127 too', weight: -127, bias: 0, max: 15, g: 0, s: 0, w: -127, b: 0 },
    { row: '1 grows to 64, since 128 does not fit', weight: 1, bias: 0, max: 15, g: 6, s: 0, w: 64, b: 0 },
    { row: '127/64', weight: 127 / 64, bias: 0, max: 15, g: 6, s: 0, w: 127, b: 0 },
    { row: 'a tiny weight stops at the bound of g', weight: 2 ** -30, bias: 0, max: 15, g: 22, s: 0, w: 0, b: 0 },
    { row: 'the bias alone', weight: 0, bias: 255.9, max: 15, g: 22, s: 0, w: 0, b: Math.round(255.9 * 2 ** 22) },
    { row: 'the bias alone: 2^30 is too much', weight: 0, bias: 256, max: 15, g: 21, s: 0, w: 0, b: 2 ** 29 },
    { row: 'a negative bias counts too', weight: 0, bias: -256, max: 15, g: 21, s: 0, w: 0, b: -(2 ** 29) },
    { row: 'the sum binds, not the weight', weight: 1, bias: 0, max: 2 ** 26, g: 3, s: 0, w: 8, b: 0 },
    { row: 'the sum with the bias', weight: 1, bias: 2 ** 26, max: 2 ** 26, g: 2, s: 0, w: 4, b: 2 ** 28 },
    { row: 'h = −8, the coarsest', weight: 127 * 256, bias: 0.3, max: 1, g: 0, s: 8, w: 127, b: 0 },
    { row: 'a channel of zeros', weight: 0, bias: 0, max: 255, g: 22, s: 0, w: 0, b: 0 },
  ])('$row', ({ weight, bias, max, g, s, w, b }) => {
    const grid = onGrid([convolution(0, [weight])], [bias], [units(1, 1, max)]);
    expect(grid.gridBits[0]).toBe(g);
    expect(grid.terms[0].shifts[0]).toBe(s);
    expect(grid.terms[0].operator.weights[0]).toBe(w);
    expect(grid.bias[0]).toBe(b);
  });

  it('a full word is below 2^30: with K = 8 g is 21 at most', () => {
    expect(onGrid([convolution(0, [2 ** -30])], [0], [units(1, 1, 255)], 1, 8).gridBits[0]).toBe(21);
  });

  it('the unit of the source and of the output scale the weight', () => {
    const grid = onGrid([convolution(0, [3])], [10], [units(1, 0.25, 15)], 0.5);
    // m = 3 · 0.25 / 0.5 = 1.5 → 96 = 1.5 · 2^6; the bias is 20 · 64
    expect([grid.gridBits[0], grid.terms[0].operator.weights[0], grid.bias[0]]).toEqual([6, 96, 1280]);
  });

  it('channels have their own grids', () => {
    const grid = onGrid([convolution(0, [1, 100])], [0, 0], [units(1, 1, 15)]);
    expect([...grid.gridBits]).toEqual([6, 0]);
    expect([...grid.terms[0].operator.weights]).toEqual([64, 100]);
  });

  it('an identity’s weight is not bound to 8 bits, and does not bind the convolution beside it', () => {
    const grid = onGrid([convolution(0, [1]), shortcut(1, [100])], [0], [units(1, 1, 15), units(1, 1, 15)]);
    expect(grid.gridBits[0]).toBe(6);
    expect(grid.terms[1].operator.weights[0]).toBe(6400);
  });

  it('the unit of the source and of the output scale an identity too', () => {
    const terms = [convolution(0, [4]), shortcut(1, [3])];
    const grid = onGrid(terms, [0], [units(1, 1, 15), units(1, 0.25, 15)], 0.5);
    // m = 8 of the convolution goes to 64 = 8 · 2^3; the identity's is 3 · 0.25 / 0.5 = 1.5
    expect([grid.gridBits[0], grid.terms[1].operator.weights[0]]).toEqual([3, 12]);
  });

  it('an identity counts in the sum', () => {
    const grid = onGrid([convolution(0, [1]), shortcut(1, [2 ** 26])], [0], [units(1, 1, 15), units(1, 1, 15)]);
    // 2^26 · 15 < 2^30, and twice as much is not
    expect([grid.gridBits[0], grid.terms[0].operator.weights[0]]).toEqual([0, 1]);
    expect([grid.terms[1].shifts[0], grid.terms[1].operator.weights[0]]).toEqual([0, 2 ** 26]);
  });

  it('terms have their own grids, the coarser one shifted to the finest: both keep all their bits', () => {
    const grid = onGrid([convolution(0, [100, 77]), convolution(1, [0.1, 0.077])], [1], [units(2, 1, 15), units(2, 1, 15)]);
    expect(grid.gridBits[0]).toBe(10);
    expect(grid.terms.map(({ shifts }) => shifts[0])).toEqual([10, 0]);
    expect(grid.terms.map(({ operator }) => [...operator.weights])).toEqual([
      [100, 77],
      [102, 79],
    ]);
    expect(grid.bias[0]).toBe(2 ** 10);
  });

  it('where the sum is too large the finest go down, and those that are coarser stay', () => {
    const grid = onGrid([convolution(0, [1]), convolution(1, [2 ** -14])], [0], [units(1, 1, 2 ** 20), units(1, 1, 15)]);
    // 64 · 2^20 · 2^s < 2^30, so that s is 3 at most
    expect(grid.terms.map(({ shifts }) => shifts[0])).toEqual([3, 0]);
    expect(grid.gridBits[0]).toBe(9);
    expect(grid.terms.map(({ operator }) => operator.weights[0])).toEqual([64, 0]);
  });

  it('the kernel’s weights are rounded one by one and stay in order', () => {
    const weights = [0.1, -0.2, 0.3, 1, -1, 0, 0.004, -0.008, 0.012];
    const grid = onGrid([convolution(0, weights, square(3))], [0], [units(1, 1, 15)]);
    expect([...grid.terms[0].operator.weights]).toEqual([6, -13, 19, 64, -64, 0, 0, -1, 1]);
  });

  it('each column has its source’s own unit', () => {
    const source: Units = { ...units(3, 1, 15), unit: Float64Array.of(1, 2, 4) };
    const grid = onGrid([convolution(0, [8, 8, 8])], [0], [source]);
    expect([...grid.terms[0].operator.weights]).toEqual([16, 32, 64]);
    expect(grid.gridBits[0]).toBe(1);
  });

  it('groups: each output takes the units of its own group', () => {
    const source: Units = { ...units(4, 1, 15), unit: Float64Array.of(1, 2, 4, 8) };
    const grid = onGrid([convolution(0, [1, 1, 1, 1], square(1), 2)], [0, 0], [source]);
    expect([...grid.gridBits]).toEqual([5, 3]);
    expect([...grid.terms[0].operator.weights]).toEqual([32, 64, 32, 64]);
  });
});

describe('the rule of section 3, on random channels', () => {
  const terms = fc.array(
    fc.record({
      identity: fc.boolean(),
      weights: fc.array(fc.double({ min: -300, max: 300, noNaN: true }), { minLength: 1, maxLength: 40 }),
      scale: fc.integer({ min: -20, max: 3 }),
      max: fc.constantFrom(1, 15, 255, 255 * 49, 2 ** 22),
    }),
    { minLength: 1, maxLength: 3 },
  );
  /** The largest magnitude of weights or of their rounded multiples. */
  const largest = (m: readonly number[], h: number) => m.reduce((all, w) => Math.max(all, Math.abs(round(w * 2 ** h))), 0);

  it('every term is as fine as 8 bits allow, and g as fine as the finest, unless the sum is too large', () => {
    const seen = { sums: 0, weights: 0, shifted: 0 };
    fc.assert(
      fc.property(terms, fc.double({ min: -1e4, max: 1e4, noNaN: true }), fc.integer({ min: 1, max: 8 }), (drawn, bias, K) => {
        // Float32, as in a model
        const rows = drawn.map(({ identity, weights, scale, max }) => ({
          identity,
          max,
          m: Array.from(Float32Array.from(identity ? weights.slice(0, 1) : weights, (w) => w * 2 ** scale)),
        }));
        const annTerms = rows.map(({ identity, m }, i) => (identity ? shortcut(i, m) : convolution(i, m)));
        const sources = rows.map(({ identity, m, max }) => units(identity ? 1 : m.length, 1, max));
        const top = Math.min(22, 29 - K);
        /** By trying all. */
        const finest = rows.map(({ m, identity }) => {
          let h = top;
          while (largest(m, h) > (identity ? 2 ** 30 : 127)) h--;
          return h;
        });
        const convolutions = finest.filter((_, t) => !rows[t].identity);
        const sumAt = (g: number) =>
          rows.reduce(
            (sum, { m, max }, t) => {
              const h = Math.min(g, finest[t]);
              return sum + m.reduce((all, w) => all + Math.abs(round(w * 2 ** h)), 0) * max * 2 ** (g - h);
            },
            Math.abs(round(bias * 2 ** g)),
          );
        let expected = Math.max(0, ...(convolutions.length > 0 ? convolutions : finest));
        const wanted = expected;
        while (expected >= 0 && sumAt(expected) >= 2 ** 30) expected--;
        const refused = expected < 0 || finest.some((h) => Math.min(h, expected) < -8);
        let grid: ReturnType<typeof onGrid>;
        try {
          grid = onGrid(annTerms, [bias], sources, 1, K);
        } catch (error) {
          expect(error).toBeInstanceOf(ConversionError);
          expect(refused).toBe(true);
          return;
        }
        expect(refused).toBe(false);
        const [g] = grid.gridBits;
        expect(g).toBe(expected);
        rows.forEach(({ m }, t) => {
          const h = Math.min(g, finest[t]);
          expect(grid.terms[t].shifts[0]).toBe(g - h);
          expect([...grid.terms[t].operator.weights]).toEqual(m.map((w) => round(w * 2 ** h) + 0));
          if (g > h) seen.shifted++;
        });
        expect(grid.bias[0]).toBe(round(bias * 2 ** g) + 0);
        if (g < wanted) seen.sums++;
        else seen.weights++;
      }),
      { numRuns: 1000, seed: 17 },
    );
    expect(seen.sums).toBeGreaterThan(20);
    expect(seen.weights).toBeGreaterThan(20);
    expect(seen.shifted).toBeGreaterThan(20);
  });
});

describe('refusal', () => {
  it('a term coarser than h = −8 is refused by layer and channel', () => {
    const fails = () => onGrid([convolution(0, [1, 127 * 256 + 200])], [0, 0], [units(1, 1, 1)]);
    expect(fails).toThrow(ConversionError);
    expect(fails).toThrow(/layer "layer", channel 1/);
  });
});

describe('what the rounding of 255·mean leaves over', () => {
  it('is the weights’ sum over all taps, each with its channel’s remainder', () => {
    const term = convolution(-1, [1, 2, 10, 20], { ...square(1), kernel: [1, 2] });
    expect(inputRemainder(term, map(2), [0.5, 0.25], 0, 1)).toBe(-(3 * 0.5 + 30 * 0.25));
  });

  it('groups: an output reads its own group’s channels', () => {
    const term = convolution(-1, [1, 10], square(1), 2);
    expect(inputRemainder(term, map(2), [0.5, 0.25], 0, 2)).toBe(-0.5);
    expect(inputRemainder(term, map(2), [0.5, 0.25], 1, 2)).toBe(-2.5);
  });

  it('an identity’s is that of its channel; other sources have none', () => {
    expect(inputRemainder(shortcut(-1, [3, 4]), map(2), [0.5, 0.25], 1, 2)).toBe(-1);
    expect(inputRemainder(shortcut(0, [3, 4]), map(2), [0.5, 0.25], 1, 2)).toBe(0);
  });
});
