import { phaseWeight } from '../network/timetable.ts';
import { threshold } from './bistable.ts';
import { chargeOf, clampStep } from './membrane.ts';
import type { NeuronModel } from './model.ts';

/**
 * The phase neuron (specification, section 8; weighted spikes, Kim et al. 2018): integrates and fires in every step; a spike
 * in phase k weighs 2^-(1+k), and so does the threshold. Input and bias come spread over the period, 1/K of them a step; so
 * that this stays whole, the membrane counts in K-ths:
 *
 *     V += Σ K_in·2^(K_in−1−k_in) · w·s + b + input        spike = (V ≥ K·θ·2^(K−1−k))        V −= spike · K·θ·2^(K−1−k)
 *
 * where k = step mod K, and K_in, k_in are the source's: where periods differ, each step still brings a word's mean share of it.
 * One unit of V is λ·2^-K/θ/K. V(0) is half of the smallest threshold, ⌊K·θ/2⌋, or zero.
 */
export const phase: NeuronModel = {
  shader: 'phase',
  most: 1,
  signed: false,
  mostSpikes: 1,
  windowed: false,
  maximum: 'word',
  spikesOf: (word) => word,
  initialMembrane: (g, phaseBits, initial) => (initial === 'half' ? Math.floor((phaseBits * threshold(g)) / 2) : 0),
  spikeWeight: ({ phaseBits, phase }) => phaseWeight(phaseBits, phase),
  synapseWeight: ({ phaseBits, phase }) => phaseBits * phaseWeight(phaseBits, phase),
  arriving: (current, drive) => current + drive,
  fire: (v, g, { phaseBits, phase }) => {
    const charge = chargeOf(g, phaseBits * phaseWeight(phaseBits, phase));
    const spikes = v >= charge ? 1 : 0;
    return { v: clampStep(v - spikes * charge), word: spikes, spikes };
  },
  decodeFactor: (steps, depth, timetable) => timetable.layers[depth].phases / steps,
  readoutDivisor: (steps) => steps,
};
