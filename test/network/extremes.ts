import { seeded } from '../../src/ann/build.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { readoutUnit, scalesOf, unitsOf } from '../../src/network/units.ts';

/**
 * The network with what conversion seldom makes: grids down to g = −8 and biases near ±2^23, so that membranes are counted
 * in thresholds and run into their bounds. Still within the bounds of section 3.
 */
export function extremes(network: SpikingNetwork, seed: number): SpikingNetwork {
  const random = seeded(seed ^ 0xe47);
  const layers = network.layers.map((layer) => {
    if (layer.kind === 'pool') return layer;
    // the readout's grid is its logits' unit alone: nothing is shifted by it
    if (layer.kind === 'readout') {
      const gridBits = layer.gridBits.map(() => random.integer(-8, 3));
      const K = network.timetable.layers[layer.depth - 1].phases;
      const [scale] = scalesOf(layer.units, K, layer.gridBits);
      return { ...layer, gridBits, units: readoutUnit(layer.shape, scale, K, gridBits) };
    }
    const gridBits = layer.gridBits.slice();
    const bias = layer.bias.slice();
    for (let o = 0; o < gridBits.length; o++) {
      const sum = layer.terms.reduce((total, { source, operator }) => {
        const row = operator.weights.length / gridBits.length;
        const weights = Array.from(operator.weights.subarray(o * row, (o + 1) * row));
        return total + weights.reduce((s, w) => s + Math.abs(w), 0) * unitsOf(network, source).most;
      }, 0);
      if (random.chance(0.25)) bias[o] = Math.sign(random.real() - 0.5) * Math.max(0, 2 ** 23 - sum);
      const most = sum + Math.abs(bias[o]);
      if (random.chance(0.5)) {
        let g = random.integer(-8, 1);
        while (g < 0 && most * 2 ** -g > 2 ** 30) g++;
        gridBits[o] = g;
      }
    }
    return { ...layer, gridBits, bias };
  });
  return { ...network, layers };
}
