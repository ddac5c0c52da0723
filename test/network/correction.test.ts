import { expect, it } from 'vitest';
import { biasRoom } from '../../src/network/bound.ts';
import { checkNetwork } from '../../src/network/check.ts';
import { correctedBias, withBias } from '../../src/network/correction.ts';
import { MEMBRANE_LIMIT, type SpikingNeurons } from '../../src/network/network.ts';
import { ann, convolution, map, neurons, onGrid, readout } from './hand-made.ts';

/** pixels → two neurons of one weight each → readout */
const NETWORK = onGrid(
  ann(map(1), [neurons('first', map(2), [convolution(-1, [1, 0.5])]), readout(2, [convolution(0, [1, -1, 0.5, 1])])]),
);
const FIRST = NETWORK.layers[0] as SpikingNeurons;

it('adds what the mean word lacks, in units of the membrane, rounded', () => {
  const [unit, theta] = [FIRST.units.unit, Array.from(FIRST.gridBits, (g) => 2 ** g)];
  // of 4 values: words of 1.5 and 2 on average, activations of 2 and 1.25 words
  const measured = { activations: [8 * unit[0], 5 * unit[1]], words: [6, 8], count: 4 };
  const bias = correctedBias(NETWORK, FIRST, measured);
  expect([...bias]).toEqual([FIRST.bias[0] + 0.5 * theta[0], FIRST.bias[1] - 0.75 * theta[1]]);
});

it('leaves alone what lacks nothing', () => {
  const { unit } = FIRST.units;
  expect(correctedBias(NETWORK, FIRST, { activations: [3 * unit[0], 0], words: [3, 0], count: 7 })).toEqual(FIRST.bias);
});

it('stops at the bound of the grid, where the network is sound and one more is not', () => {
  const room = biasRoom(NETWORK, FIRST, 0);
  expect(room).toBeLessThan(MEMBRANE_LIMIT);
  for (const sign of [1, -1]) {
    const bias = correctedBias(NETWORK, FIRST, { activations: [sign * 1e9, 0], words: [0, 0], count: 1 });
    expect(bias[0]).toBe(sign * room);
    expect(checkNetwork(withBias(NETWORK, 0, bias))).toEqual([]);
    expect(checkNetwork(withBias(NETWORK, 0, Int32Array.of(sign * (room + 1), 0)))).not.toEqual([]);
  }
});
