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
const onGrid = (terms: readonly AnnTerm[], bias: readonly number[], sources: readonly Units[], outputUnit = 1) =>
  quantizeLayer('layer', terms, sources, bias, new Float64Array(bias.length).fill(outputUnit));

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
    { row: '127 fits as it is', weight: 127, bias: 0, max: 15, g: 0, w: 127, b: 0 },
    { row: '128 is one too many', weight: 128, bias: 0, max: 15, g: -1, w: 64, b: 0 },
    { row: '−127 too', weight: -127, bias: 0, max: 15, g: 0, w: -127, b: 0 },
    { row: '1 grows to 64, since 128 does not fit', weight: 1, bias: 0, max: 15, g: 6, w: 64, b: 0 },
    { row: '127/64', weight: 127 / 64, bias: 0, max: 15, g: 6, w: 127, b: 0 },
    { row: 'a tiny weight stops at the bound of g', weight: 2 ** -30, bias: 0, max: 15, g: 22, w: 0, b: 0 },
    { row: 'the bias alone: 2^23 is allowed', weight: 0, bias: 2, max: 15, g: 22, w: 0, b: 2 ** 23 },
    { row: 'the bias alone: more is not', weight: 0, bias: 2.001, max: 15, g: 21, w: 0, b: Math.round(2.001 * 2 ** 21) },
    { row: 'a negative bias counts too', weight: 0, bias: -2.001, max: 15, g: 21, w: 0, b: -Math.round(2.001 * 2 ** 21) },
    { row: 'the sum binds, not the weight', weight: 1, bias: 0, max: 2 ** 20, g: 3, w: 8, b: 0 },
    { row: 'the sum with the bias', weight: 1, bias: 1, max: 2 ** 20, g: 2, w: 4, b: 4 },
    { row: 'a sum that only rounding takes past the bound', weight: 7.5, bias: 1, max: 2 ** 20, g: -1, w: 4, b: 1 },
    { row: 'a sum that only rounding brings within it', weight: 8.4, bias: 0, max: 2 ** 20, g: -1, w: 4, b: 0 },
    { row: 'a bias that only rounding brings within it', weight: 0, bias: 2 ** 23 + 0.4, max: 15, g: -1, w: 0, b: 2 ** 22 },
    { row: 'g = −8, the coarsest', weight: 127 * 256, bias: 0, max: 1, g: -8, w: 127, b: 0 },
    { row: 'a channel of zeros', weight: 0, bias: 0, max: 255, g: 22, w: 0, b: 0 },
  ])('$row', ({ weight, bias, max, g, w, b }) => {
    const grid = onGrid([convolution(0, [weight])], [bias], [units(1, 1, max)]);
    expect(grid.gridBits[0]).toBe(g);
    expect(grid.operators[0].weights[0]).toBe(w);
    expect(grid.bias[0]).toBe(b);
  });

  it('the unit of the source and of the output scale the weight', () => {
    const grid = onGrid([convolution(0, [3])], [10], [units(1, 0.25, 15)], 0.5);
    // m = 3 · 0.25 / 0.5 = 1.5 → 96 = 1.5 · 2^6; the bias is 20 · 64
    expect([grid.gridBits[0], grid.operators[0].weights[0], grid.bias[0]]).toEqual([6, 96, 1280]);
  });

  it('channels have their own grids', () => {
    const grid = onGrid([convolution(0, [1, 100])], [0, 0], [units(1, 1, 15)]);
    expect([...grid.gridBits]).toEqual([6, 0]);
    expect([...grid.operators[0].weights]).toEqual([64, 100]);
  });

  it('an identity’s weight is not bound to 8 bits, and does not bind the convolution beside it', () => {
    const grid = onGrid([convolution(0, [1]), shortcut(1, [100])], [0], [units(1, 1, 15), units(1, 1, 15)]);
    expect(grid.gridBits[0]).toBe(6);
    expect(grid.operators[1].weights[0]).toBe(6400);
  });

  it('an identity counts in the sum', () => {
    const grid = onGrid([convolution(0, [1]), shortcut(1, [2 ** 19])], [0], [units(1, 1, 15), units(1, 1, 16)]);
    // 2^19 · 16 = 2^23 leaves nothing for 1 · 15 at g = 0
    expect(grid.gridBits[0]).toBe(-1);
  });

  it('the kernel’s weights are rounded one by one and stay in order', () => {
    const weights = [0.1, -0.2, 0.3, 1, -1, 0, 0.004, -0.008, 0.012];
    const grid = onGrid([convolution(0, weights, square(3))], [0], [units(1, 1, 15)]);
    expect([...grid.operators[0].weights]).toEqual([6, -13, 19, 64, -64, 0, 0, -1, 1]);
  });

  it('each column has its source’s own unit', () => {
    const source: Units = { ...units(3, 1, 15), unit: Float64Array.of(1, 2, 4) };
    const grid = onGrid([convolution(0, [8, 8, 8])], [0], [source]);
    expect([...grid.operators[0].weights]).toEqual([16, 32, 64]);
    expect(grid.gridBits[0]).toBe(1);
  });

  it('groups: each output takes the units of its own group', () => {
    const source: Units = { ...units(4, 1, 15), unit: Float64Array.of(1, 2, 4, 8) };
    const grid = onGrid([convolution(0, [1, 1, 1, 1], square(1), 2)], [0, 0], [source]);
    expect([...grid.gridBits]).toEqual([5, 3]);
    expect([...grid.operators[0].weights]).toEqual([32, 64, 32, 64]);
  });
});

describe('the largest g that satisfies both bounds', () => {
  const terms = fc.array(
    fc.record({
      identity: fc.boolean(),
      weights: fc.array(fc.double({ min: -300, max: 300, noNaN: true }), { minLength: 1, maxLength: 40 }),
      scale: fc.integer({ min: -12, max: 3 }),
      max: fc.constantFrom(1, 15, 255, 255 * 49, 2 ** 16),
    }),
    { minLength: 1, maxLength: 3 },
  );

  it('g satisfies all of them, g + 1 violates one, and weights are m · θ rounded', () => {
    let sumBinds = 0;
    let weightBinds = 0;
    fc.assert(
      fc.property(terms, fc.double({ min: -1e4, max: 1e4, noNaN: true }), (drawn, bias) => {
        // Float32, as in a model
        const rows = drawn.map(({ identity, weights, scale, max }) => ({
          max,
          limit: identity ? 2 ** 23 : 127,
          m: Array.from(Float32Array.from(identity ? weights.slice(0, 1) : weights, (w) => w * 2 ** scale)),
          identity,
        }));
        const annTerms = rows.map(({ identity, m }, i) => (identity ? shortcut(i, m) : convolution(i, m)));
        const sources = rows.map(({ identity, m, max }) => units(identity ? 1 : m.length, 1, max));
        /** Which bound of section 3 g violates, on real weights and on the integers that are computed with. */
        const violates = (g: number): string | null => {
          if (g > 22) return 'range';
          const theta = 2 ** g;
          const sum = (f: (x: number) => number) =>
            rows.reduce((s, { m, max }) => s + m.reduce((t, w) => t + Math.abs(f(w * theta)), 0) * max, Math.abs(f(bias * theta)));
          if (rows.some(({ m, limit }) => m.some((w) => Math.abs(w * theta) > limit))) return 'weight';
          if (sum((x) => x) > 2 ** 23 || sum(Math.round) > 2 ** 23) return 'sum';
          if (g < 0 && sum(Math.round) * 2 ** -g > 2 ** 30) return 'shifted';
          return null;
        };
        let grid: ReturnType<typeof onGrid>;
        try {
          grid = onGrid(annTerms, [bias], sources);
        } catch (error) {
          expect(error).toBeInstanceOf(ConversionError);
          for (let g = -8; g <= 22; g++) expect(violates(g), `g = ${g} would do`).not.toBeNull();
          return;
        }
        const [g] = grid.gridBits;
        expect(violates(g)).toBeNull();
        const why = violates(g + 1);
        expect(why, `g = ${g + 1} would do`).not.toBeNull();
        if (why === 'sum') sumBinds++;
        if (why === 'weight') weightBinds++;
        rows.forEach(({ m }, t) => {
          m.forEach((w, i) => {
            expect(Math.abs(grid.operators[t].weights[i] - w * 2 ** g)).toBeLessThanOrEqual(0.5);
          });
        });
        expect(Math.abs(grid.bias[0] - bias * 2 ** g)).toBeLessThanOrEqual(0.5);
        const total = rows.reduce(
          (s, { max }, t) => s + Array.from(grid.operators[t].weights).reduce((a, w) => a + Math.abs(w), 0) * max,
          Math.abs(grid.bias[0]),
        );
        expect(total).toBeLessThanOrEqual(2 ** 23);
      }),
      { numRuns: 1000, seed: 17 },
    );
    expect(sumBinds).toBeGreaterThan(20);
    expect(weightBinds).toBeGreaterThan(20);
  });
});

describe('refusal', () => {
  it('a grid coarser than g = −8 is refused by layer and channel', () => {
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
