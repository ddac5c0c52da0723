import { seeded } from '../../src/ann/build.ts';
import { sumBound } from '../../src/network/bound.ts';
import { type SpikingNetwork, SUM_LIMIT, TERM_BITS, unitPhases } from '../../src/network/network.ts';
import { readoutUnit, scalesOf } from '../../src/network/units.ts';

/**
 * The network with what conversion seldom makes: terms that are shifted by up to 30, fine and coarse thresholds, sums near 2^30 and
 * biases that take up what is left, so that membranes run into their bounds. Still within the bounds of section 3.
 * @param limit of sums; less for neurons that send more than a word at once
 */
export function extremes(network: SpikingNetwork, seed: number, limit = SUM_LIMIT): SpikingNetwork {
  const random = seeded(seed ^ 0xe47);
  const layers = network.layers.map((layer) => {
    if (layer.kind === 'pool') return layer;
    const K = unitPhases(network, layer);
    const gridBits = layer.gridBits.slice();
    const bias = layer.bias.slice();
    const terms = layer.terms.map((term) => ({ ...term, shifts: term.shifts.slice() }));
    const changed = { ...layer, gridBits, bias, terms };
    for (let o = 0; o < gridBits.length; o++) {
      if (random.chance(0.5)) gridBits[o] = random.integer(0, random.chance(0.5) ? 3 : Math.min(22, 29 - K));
      for (const { shifts } of terms) {
        const most = gridBits[o] - TERM_BITS.min;
        shifts[o] = random.chance(0.5) ? random.integer(0, most) : Math.min(most, shifts[o]);
        while (shifts[o] > Math.max(0, gridBits[o] - TERM_BITS.max) && sumBound(network, changed, o) >= limit) shifts[o]--;
      }
      const room = limit - 1 - (sumBound(network, changed, o) - Math.abs(bias[o]));
      if (random.chance(0.25)) bias[o] = Math.sign(random.real() - 0.5) * Math.max(0, room);
    }
    if (changed.kind !== 'readout') return changed;
    const [scale] = scalesOf(layer.units, K, layer.gridBits);
    return { ...changed, units: readoutUnit(layer.shape, scale, K, gridBits) };
  });
  return { ...network, layers };
}
