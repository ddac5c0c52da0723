import { threshold } from './bistable.ts';
import { chargeOf, clampStep } from './membrane.ts';
import type { NeuronModel } from './model.ts';

/**
 * The phase neuron (specification, section 8; weighted spikes, Kim et al. 2018): integrates and fires in every step; a spike
 * in phase k weighs 2^-(1+k), and so does the threshold. Input and bias come spread over the period, 1/K of them a step; so
 * that this stays whole, the membrane counts in K-ths:
 *
 *     V += K · 2^(K−1−k) · Σ w·s + b + input        spike = (V ≥ K·θ·2^(K−1−k))        V −= spike · K·θ·2^(K−1−k)
 *
 * One unit of V is λ·2^-K/θ/K. V(0) is half of the smallest threshold, ⌊K·θ/2⌋, or zero.
 */
export const phase: NeuronModel = {
  shader: 'phase',
  most: 1,
  windowed: false,
  maximum: 'word',
  initialMembrane: (g, phaseBits, initial) => (initial === 'half' ? Math.floor((phaseBits * threshold(g)) / 2) : 0),
  spikeWeight: (moment) => 2 ** (moment.phaseBits - 1 - moment.phase),
  arriving: (current, drive, moment) => current * moment.phaseBits * 2 ** (moment.phaseBits - 1 - moment.phase) + drive,
  fire: (v, g, moment) => {
    const charge = chargeOf(g, moment.phaseBits * 2 ** (moment.phaseBits - 1 - moment.phase));
    const spikes = v >= charge ? 1 : 0;
    return { v: clampStep(v - spikes * charge), spikes };
  },
  decodeFactor: (steps, _depth, phaseBits) => phaseBits / steps,
  readoutDivisor: (steps) => steps,
};
