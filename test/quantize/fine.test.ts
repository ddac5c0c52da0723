import { describe, expect, it } from 'vitest';
import { type AnnTerm, INPUT } from '../../src/ann/ann.ts';
import { FEWEST_BITS, type GridLayer, gridFigures, realTerm } from '../../src/evaluate/grid.ts';
import { refineTerms } from '../../src/quantize/fine.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { ann, convolution, map, neurons, randomWeights, readout, SAME, shortcut } from '../network/hand-made.ts';

const K = 4;
/** One layer of which the same is asked with and without steps of its own. */
const kernel = randomWeights(3, 8, 27);
const layer = neurons('a', map(8, 6), [convolution(INPUT, kernel, SAME)]);
const last = readout(3, [convolution(0, randomWeights(4, 3, 288), { ...SAME, kernel: [6, 6], pads: [0, 0, 0, 0] })]);
const onGrid = (bits?: number) =>
  quantize(ann(map(3, 6), [bits === undefined ? layer : { ...layer, ceiling: 2 ** bits - 1, bits }, last]), {
    ...{ phaseBits: K, initial: 'half', scales: [2 ** K, 1], mean: [0.4], std: [0.3] },
  });

/** The largest error of the weights that a layer's integers stand for, of the largest weight. */
function weightError(network: ReturnType<typeof onGrid>): number {
  const spiking = network.layers[0] as GridLayer;
  const terms = spiking.terms.map((term): AnnTerm => realTerm(network, spiking, term));
  const sums = kernel.map((_, j) => terms.reduce((sum, { operator }) => sum + operator.weights[j], 0));
  const largest = kernel.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  return sums.reduce((most, w, j) => Math.max(most, Math.abs(w - kernel[j])), 0) / largest;
}

it('weights of a layer whose words are its own steps, and of the readout behind, are finer than 8 bits', () => {
  expect(weightError(onGrid())).toBeGreaterThan(2 ** -10);
  const fine = onGrid(K);
  expect(weightError(fine)).toBeLessThan(2 ** -16);
  expect(fine.layers.map((one) => (one.kind === 'pool' ? 0 : one.terms.length))).toEqual([3, 3]);
});

it('other layers stay as they are: their words are no steps', () => {
  expect(onGrid(K - 1)).toEqual(onGrid());
});

it('what finer terms add is no coarse weight to who inspects the network', () => {
  const network = onGrid(K);
  for (const spiking of network.layers as GridLayer[]) {
    const { rows, weightBits } = gridFigures(network, spiking);
    expect(rows).toBe(spiking.shape.channels);
    expect(weightBits?.least).toBeGreaterThan(FEWEST_BITS);
  }
});

describe('terms that are refined', () => {
  const unit = { shape: map(3), unit: new Float64Array(3).fill(1), zero: new Int32Array(3), most: 15 };
  const refined = (terms: readonly AnnTerm[], channels = 1) =>
    refineTerms(
      terms,
      terms.map(() => unit),
      channels,
      { unit: new Array<number>(channels).fill(1), phases: K },
    );
  const fine = convolution(0, [1, 0, 1 / 3]);

  it('become three at most, whose weights add up; a weight of 0 stays 0', () => {
    const terms = refined([fine]);
    expect(terms.length).toBe(3);
    const parts = terms.map(({ operator }) => operator.weights);
    expect([0, 1].map((j) => parts.map((weights) => weights[j]))).toEqual([
      [1, 0, 0],
      [0, 0, 0],
    ]);
    const sum = parts.reduce((all, weights) => all + weights[2], 0);
    expect(Math.abs(sum - 1 / 3)).toBeLessThan(2 ** -24);
  });

  it('stay the one that they are where nothing is left over, or where they are identities', () => {
    for (const term of [convolution(0, [1, 0, 0.5]), shortcut(0, [1 / 3])]) {
      const [same, ...more] = refined([term]);
      expect(same).toBe(term);
      expect(more).toEqual([]);
    }
  });

  it('are 32 at most: a layer that would have more stays as it is', () => {
    const identities = [shortcut(0, [1]), shortcut(0, [1])];
    const full = [...new Array<AnnTerm>(10).fill(fine), ...identities];
    expect(refined(full).length).toBe(32);
    const more = [...full, identities[0]];
    expect(refined(more)).toBe(more);
  });
});
