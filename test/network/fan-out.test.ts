import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { type FanOutOptions, fanOut } from '../../src/network/fan-out.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { addCurrent, sumPoolStep } from '../../src/reference/operators.ts';
import { randomNetwork, recipes } from '../helpers/random-network.ts';
import { ann, convolution, map, neurons, onGrid, pool, readout, SAME, shortcut, square } from './hand-made.ts';

describe('fanOut', () => {
  const input = map(2, 3);

  it('counts what the border cuts off, and weights that are 0', () => {
    const weights = Array.from({ length: 3 * 2 * 9 }, (_, i) => (i === 4 ? 0 : 1));
    const network = onGrid(
      ann(input, [
        neurons('a', input, [convolution(-1, [1, 0, 0, 1])]),
        neurons('b', map(3, 3), [convolution(0, weights, SAME)]),
        readout(4, [convolution(1, new Array(4 * 27).fill(1), square(3))]),
      ]),
    );
    const [a, b, last] = fanOut(network);
    // three output channels times the windows that cover the place; channel 0 misses the middle of the first kernel
    expect([...a!]).toEqual([11, 17, 11, 17, 26, 17, 11, 17, 11, 12, 18, 12, 18, 27, 18, 12, 18, 12]);
    expect(new Set(b)).toEqual(new Set([4]));
    expect(last).toBeNull();
  });

  it('passes through sums, stops at maxima, counts identities and synchronous neurons', () => {
    const network = onGrid(
      ann(map(2, 4), [
        neurons('a', map(2, 4), [convolution(-1, [1, 0, 0, 1])]),
        pool('max', 0, map(2, 4), 'max', square(2, { stride: [2, 2] })),
        neurons('b', map(2, 2), [convolution(1, [1, 0, 0, 1])]),
        neurons('c', map(2, 2), [convolution(2, [1, 1, 1, 1]), shortcut(1, [1, 1])]),
        pool('mean', 3, map(2, 2), 'average', square(2)),
        readout(5, [convolution(4, new Array(10).fill(1))]),
      ]),
    );
    const sizes = (options?: FanOutOptions) => fanOut(network, options).map((table) => table && [...new Set(table)]);
    // behind the maximum: one synapse of b, one of the identity, one of its synchronous neuron
    expect(sizes()).toEqual([[0], [3], [2], [5], null, null]);
    expect(sizes({ synchronous: false })).toEqual([[0], [2], [2], [5], null, null]);
    // all of a's spikes pass
    expect(sizes({ maximaCounted: false })).toEqual([[3], [3], [2], [5], null, null]);
  });

  it('random networks: the neurons that one spike reaches, weights of 1', () => {
    fc.assert(
      fc.property(recipes, fc.nat(), (recipe, pick) => {
        const network = withOnes(randomNetwork(recipe));
        const tables = fanOut(network, { synchronous: false });
        const sources = tables.flatMap((table, l) => (table ? [l] : []));
        const l = sources[pick % sources.length];
        const spikes = new Int32Array(shapeSize(network.layers[l].shape));
        spikes[pick % spikes.length] = 1;
        expect(tables[l]![pick % spikes.length]).toBe(reached(network, l, spikes));
      }),
      { numRuns: 100 },
    );
  });
});

/** Every synapse weighs 1, so that a spike's currents add up to its synapses. */
function withOnes(network: SpikingNetwork): SpikingNetwork {
  const one = (w: number) => (w === 0 ? 0 : 1);
  const layers = network.layers.map((layer) => {
    if (layer.kind === 'pool') return layer;
    const terms = layer.terms.map((term) => {
      const { operator } = term;
      const shifts = term.shifts.map(() => 0);
      return operator.type === 'identity'
        ? { ...term, shifts, operator: { ...operator, weights: operator.weights.map(one) } }
        : { ...term, shifts, operator: { ...operator, weights: operator.weights.map(one) } };
    });
    return { ...layer, terms };
  });
  return { ...network, layers };
}

/** Σ of the currents that one layer's spikes cause everywhere, by the reference's operators. */
function reached(network: SpikingNetwork, source: number, spikes: Int32Array): number {
  return network.layers.reduce((sum, layer, l) => {
    if (layer.kind === 'pool') {
      if (layer.source !== source || layer.mode === 'max') return sum;
      const pooled = new Int32Array(shapeSize(layer.shape));
      sumPoolStep(layer, network.layers[source].shape, spikes, pooled);
      return sum + reached(network, l, pooled);
    }
    const current = new Int32Array(shapeSize(layer.shape));
    for (const term of layer.terms) if (term.source === source) addCurrent(current, layer.shape, network, term, spikes);
    return sum + current.reduce((a, b) => a + b, 0);
  }, 0);
}
