import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeWords, diagnosis, diagnosisFrame } from '../../src/evaluate/diagnosis.ts';
import { merge } from '../../src/evaluate/folds.ts';
import { fanOut } from '../../src/network/fan-out.ts';
import { diagnose } from '../../src/reference/diagnose.ts';
import { ann, convolution, map, neurons, onGrid, pool, readout, square } from '../network/hand-made.ts';

/** Two neurons a layer; a max pool between. */
const network = onGrid(
  ann(map(1, 2, 1), [
    neurons('first', map(1, 2, 1), [convolution(-1, [1])]),
    neurons('second', map(1, 2, 1), [convolution(0, [1])]),
    pool('max', 1, map(1, 2, 1), 'max', { ...square(1), kernel: [2, 1] }),
    readout(3, [convolution(2, [1, 1, 1])]),
  ]),
);
const tables = fanOut(network);

describe('decodeWords', () => {
  it('is the mean of whole words, each 2^-K of λ a unit', () => {
    expect(decodeWords(4, { words: 5, bits: 0 })).toEqual({ unit: 1 / 16 / 5, saturation: 75 });
  });

  it('counts a part of a word as the part of it that it can be', () => {
    const { unit, saturation } = decodeWords(4, { words: 1, bits: 2 });
    expect(saturation).toBe(15 + 12);
    // a neuron that fires all the time is read as one that sends full words
    expect(saturation * unit).toBeCloseTo(15 / 16, 12);
  });

  it('reads nothing before the first spike', () => {
    expect(decodeWords(4, { words: 0, bits: 0 })).toEqual({ unit: 0, saturation: 0 });
  });
});

describe('diagnosis', () => {
  const half = { unit: 0.5, saturation: 4 };
  // two images of two neurons: activation, spikes, decoded
  const first = diagnose(Float32Array.of(0, 1, 2, 0), [0, 1, 2, 3], [0, 2, 4, 3], tables[0]!, half);
  const second = diagnose(Float32Array.of(0, 0, 0, 0), [1, 1, 0, 0], [8, 4, 0, 0], tables[1]!, half);
  const maximum = diagnose(Float32Array.of(0, 0), [1, 0], [8, 0], tables[2]!, { unit: 0, saturation: 0 });
  const found = diagnosis(diagnosisFrame(network, [0, 1, 2], [half, half, half]), [first, second, maximum], 2);

  it('has shares of pairs, errors in units of λ, operations through the pool', () => {
    expect(found.layers[0]).toEqual({
      name: 'first',
      neurons: 2,
      sin: 1 / 4,
      sinOfSpiking: 1 / 3,
      inactive: 2 / 4,
      silent: 1 / 4,
      saturated: 1 / 4,
      spikesPerNeuron: 6 / 4,
      // decoded 0, 1, 2, 1.5 λ
      meanError: 1.5 / 4,
      meanAbsoluteError: 1.5 / 4,
      // covariance 10/4 − 3/4 · 9/4, variances 5/4 − (3/4)² and 29/4 − (9/4)²
      correlation: expect.closeTo(0.8125 / Math.sqrt(0.6875 * 2.1875), 12),
      synapticOperations: 3,
    });
    // a max pool has no synapses; behind it one spike reaches three classes, in one of two images
    expect(found.layers[1]).toMatchObject({
      sin: 2 / 4,
      sinOfSpiking: 1,
      saturated: 2 / 4,
      correlation: null,
      synapticOperations: 1.5,
    });
    expect(found.layers).toHaveLength(2);
  });

  it('adds up', () => {
    expect(found).toMatchObject({ images: 2, sin: 3 / 8, spikesPerImage: 4 });
    expect(found.energy).toMatchObject({ synapticOperations: 4.5, inputMacs: 2, annMacs: 7 });
    expect(found.energy.snnNanojoules).toBeCloseTo((4.5 * 0.9 + 2 * 4.6) / 1000, 12);
    expect(found.energy.annNanojoules).toBeCloseTo((7 * 4.6) / 1000, 12);
  });

  it('of two halves is that of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(4), fc.nat(15)), { minLength: 2, maxLength: 40 }), (triples) => {
        const pairs = triples.slice(0, triples.length & ~1);
        const part = (from: number, to: number) => {
          const some = pairs.slice(from, to);
          const [a, counts, decoded] = [0, 1, 2].map((i) => some.map((triple) => triple[i]));
          return diagnose(Float32Array.from(a), counts, decoded, tables[0]!, { unit: 1, saturation: 15 });
        };
        const cut = (pairs.length / 4) * 2;
        const middle = cut - (cut % 2);
        expect(merge(part(0, middle), part(middle, pairs.length))).toEqual(part(0, pairs.length));
      }),
    );
  });

  it('correlates perfectly with itself, and negatively with its opposite', () => {
    const a = Float32Array.from({ length: 8 }, (_, i) => i);
    const of = (decoded: number[]) => {
      const sums = diagnose(a, decoded, decoded, tables[0]!, { unit: 1, saturation: 0 });
      return diagnosis(diagnosisFrame(network, [0], [{ unit: 1 }]), [sums], 4).layers[0];
    };
    expect(of([...a]).correlation).toBeCloseTo(1, 9);
    expect(of([...a])).toMatchObject({ meanError: 0, meanAbsoluteError: 0, sin: 0 });
    expect(of([...a].reverse()).correlation).toBeCloseTo(-1, 9);
  });
});
