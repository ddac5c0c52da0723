import { describe, expect, it } from 'vitest';
import { depths, synchronousNeurons } from '../../src/quantize/joins.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { ann, convolution, map, neurons, pool, readout, SAME, shortcut, square } from '../network/hand-made.ts';

const shape = map(1, 4);
const full = (source: number) => convolution(source, new Float32Array(9).fill(0.1), SAME);
const one = (source: number) => shortcut(source, [1]);

/**
 * pixels → a → b → c(b + a + pixels) → pool → d(pool + a's 1 × 1, stride 2) → readout
 * depth     1   2   3                     3      4                             5
 */
const residual = ann(shape, [
  neurons('a', shape, [full(-1)]),
  neurons('b', shape, [full(0)]),
  neurons('c', shape, [full(1), one(0), one(-1)]),
  pool('pool', 2, shape, 'max', square(2, { stride: [2, 2] })),
  neurons('d', map(1, 2), [full(3), convolution(0, [1], square(1, { stride: [2, 2] }))]),
  readout(2, [convolution(4, new Float32Array(8).fill(0.1), square(2)), convolution(0, new Float32Array(32).fill(0.1), square(4))]),
]);

describe('depths and synchronous neurons of a residual network', () => {
  it('depth is 1 + the deepest source; a pool has its source’s', () => {
    expect(depths(residual)).toEqual([1, 2, 3, 3, 4, 5]);
  });

  it('each term is held back by what its source is too shallow', () => {
    const network = quantize(residual, {
      phaseBits: 4,
      initial: 'half',
      scales: residual.layers.map(() => 1),
      mean: [0],
      std: [1],
    });
    const delays = network.layers.map((layer) => (layer.kind === 'pool' ? [] : layer.terms.map(({ delay }) => delay)));
    expect(delays).toEqual([[0], [0], [0, 1, 2], [], [0, 2], [0, 3]]);
    expect(network.layers.map(({ depth }) => depth)).toEqual([1, 2, 3, 3, 4, 5]);
  });

  it('the pixels have depth 0', () => {
    const depth = depths(residual);
    expect(synchronousNeurons(depth, 0, -1)).toBe(0);
    expect(synchronousNeurons(depth, 5, -1)).toBe(4);
  });

  it('the order of the terms does not matter', () => {
    const turned = ann(
      shape,
      residual.layers.map((layer) => (layer.kind === 'pool' ? layer : { ...layer, terms: layer.terms.toReversed() })),
    );
    expect(depths(turned)).toEqual(depths(residual));
  });
});
