import { expect, it } from 'vitest';
import { type AnnTerm, INPUT } from '../../src/ann/ann.ts';
import { FEWEST_BITS, type GridLayer, gridFigures, realTerm } from '../../src/evaluate/grid.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { ann, convolution, map, neurons, randomWeights, readout, SAME } from '../network/hand-made.ts';

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
