import { describe, expect, it } from 'vitest';
import { type Ann, type AnnLayer, INPUT } from '../../src/ann/ann.ts';
import { phasesOfSteps, wordsAreSteps } from '../../src/quantize/phases.ts';
import { formOf, quantize } from '../../src/quantize/quantize.ts';
import { ann, convolution, map, neurons, readout, shortcut } from '../network/hand-made.ts';

/** Layers of one neuron, each behind the one before; of so many bits, where these are given. */
const chain = (...bits: readonly (number | undefined)[]): Ann =>
  ann(map(1), [
    ...bits.map((own, l) => {
      const layer = neurons(`layer ${l}`, map(1), [convolution(l === 0 ? INPUT : l - 1, [1])]);
      return own === undefined ? layer : { ...layer, bits: own, ceiling: 2 ** own - 1 };
    }),
    readout(2, [convolution(bits.length - 1, [1, -1])]),
  ]);

describe('K that quantised layers ask for', () => {
  it.each<[(number | undefined)[], (number | null)[]]>([
    [[], [null]],
    [[undefined], [null, null]],
    [[4], [4, 4]],
    [
      [4, undefined, 2],
      [4, 4, null, 2],
    ],
    [
      [undefined, 3],
      [null, null, 3],
    ],
  ])('by depth, of layers of %j bits', (bits, wanted) => {
    expect(phasesOfSteps(bits.length === 0 ? ann(map(1), [readout(2, [convolution(INPUT, [1, -1])])]) : chain(...bits))).toEqual(
      wanted,
    );
  });

  it('the most of a depth', () => {
    const beside = (bits: number) => ({
      ...neurons(`of ${bits}`, map(1), [convolution(INPUT, [1])]),
      bits,
      ceiling: 2 ** bits - 1,
    });
    const join = readout(1, [shortcut(0, [1]), shortcut(1, [1])]);
    for (const pair of [
      [2, 5],
      [5, 2],
    ])
      expect(phasesOfSteps(ann(map(1), [...pair.map(beside), join]))).toEqual([5, 5]);
  });

  it('words are steps where they have as many bits, and the layer has any', () => {
    const [four, none, last] = chain(4, undefined).layers as AnnLayer[];
    expect([wordsAreSteps(four, 4), wordsAreSteps(four, 5)]).toEqual([true, false]);
    expect([wordsAreSteps(none, undefined), wordsAreSteps(last, undefined)]).toEqual([false, false]);
  });
});

it('the form of a network is the network with integers of 0', () => {
  const options = { phaseBits: 4, initial: 'half', mean: [0.5], std: [0.5] } as const;
  const net = chain(undefined, undefined);
  const whole = quantize(net, { ...options, scales: net.layers.map(() => 1) });
  const form = formOf(net, options);
  for (const layer of form.layers) {
    if (layer.kind === 'pool') continue;
    expect([...layer.bias, ...layer.gridBits].every((n) => n === 0)).toBe(true);
    for (const { operator, shifts } of layer.terms) expect([...operator.weights, ...shifts].every((n) => n === 0)).toBe(true);
  }
  expect({ ...form, layers: [] }).toEqual({ ...whole, layers: [] });
  expect(form.layers.map(({ name, shape, kind }) => [name, shape, kind])).toEqual(
    whole.layers.map(({ name, shape, kind }) => [name, shape, kind]),
  );
});
