import type { Decoding, LayerSums } from '../network/diagnosis.ts';

/**
 * The sums of a diagnosis of one layer, pair by pair (specification, section 10): what `shaders/diagnose.wgsl` adds up.
 * All arrays but the fan-out are [image][channel][y][x].
 * @param activations of the trained network, after ReLU, in units of λ of their channels
 * @param counts spikes so far
 * @param decoded sum of the spikes' weights so far
 * @param fanOut synapses of each neuron, [channel][y][x]
 */
export function diagnose(
  activations: Float32Array,
  counts: ArrayLike<number>,
  decoded: ArrayLike<number>,
  fanOut: Uint32Array,
  { unit, saturation }: Decoding,
): LayerSums {
  const sums = { ...NOTHING };
  activations.forEach((a, i) => {
    const d = decoded[i];
    const spikes = counts[i] > 0;
    if (a === 0) sums.inactive++;
    if (a === 0 && spikes) sums.sin++;
    if (spikes) sums.spiking++;
    if (saturation > 0 && d >= saturation) sums.saturated++;
    sums.spikes += counts[i];
    sums.operations += counts[i] * fanOut[i % fanOut.length];
    sums.activation += a;
    sums.activationSquare += a * a;
    sums.decoded += d;
    sums.decodedSquare += d * d;
    sums.product += a * d;
    sums.absoluteError += Math.abs(d * unit - a);
  });
  return sums;
}

const NOTHING: LayerSums = {
  inactive: 0,
  sin: 0,
  spiking: 0,
  saturated: 0,
  spikes: 0,
  operations: 0,
  activation: 0,
  activationSquare: 0,
  decoded: 0,
  decodedSquare: 0,
  product: 0,
  absoluteError: 0,
};
