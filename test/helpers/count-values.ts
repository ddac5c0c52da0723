import { BINS, CHANNEL_BINS, channelDistribution, type Distribution, layerDistribution } from '../../src/ann/statistics.ts';

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** The layer's histogram of some values. @param unit a power of two times what they are multiples of */
export function countLayer(values: ArrayLike<number>, unit = 1): Distribution {
  const bins = new Uint32Array(BINS);
  for (const v of Array.from(values)) if (v > 0) bins[Math.min(Math.max((bitsOf(v / unit) >>> 15) - 256, 0), bins.length - 1)]++;
  return layerDistribution(values.length, bins, unit);
}

/** The same of a channel. @param values in units */
export function countChannel(values: ArrayLike<number>, unit = 1): Distribution {
  const bins = new Uint32Array(CHANNEL_BINS);
  const greatest = Math.fround(Array.from(values).reduce((a, b) => Math.max(a, b), 0));
  const maximum = bitsOf(greatest);
  for (const v of Array.from(values)) {
    if (v > 0) bins[CHANNEL_BINS - 1 - Math.min((maximum >>> 18) - (bitsOf(v) >>> 18), CHANNEL_BINS - 1)]++;
  }
  return channelDistribution(values.length, bins, greatest, unit);
}
