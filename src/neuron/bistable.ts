import { MEMBRANE_LIMIT } from '../network/network.ts';
import { power } from '../network/power.ts';
import { phaseWeight, windowsBegun, wordsBegun } from '../network/timetable.ts';
import type { Moment, NeuronModel } from './model.ts';

/**
 * The bistable neuron (specification, section 2). In the integrating state it collects its inputs and is silent; in the
 * firing state it sends what it holds as K phase-weighted spikes. The state flips at every window's end.
 *
 * θ = 2^g, g ≥ 0; terms with weights above 127 output units are shifted (section 3).
 */

/** Threshold in membrane units: 2^g. */
export const threshold = (g: number): number => power(g);

/** V before the first wave: ⌊θ/2⌋ rounds words to nearest, 0 rounds them down. A threshold of 1 has nothing to round. */
export const initialMembrane = (g: number, initial: 'half' | 'zero'): number => (initial === 'half' ? threshold(g) >> 1 : 0);

/** V after a window's end: bounded, so that V and what the next window brings fit 32 bits. */
export const clampMembrane = (v: number): number => Math.min(Math.max(v, -MEMBRANE_LIMIT), MEMBRANE_LIMIT);

/** What a spike in phase k of K takes from the membrane: θ·2^(K−1−k). The neuron fires where V reaches it. */
export const spikeCharge = (g: number, phaseBits: number, phase: number): number => threshold(g) * power(phaseBits - 1 - phase);

/**
 * The neuron as data; unit of V: λ·2^-K/θ. What it reads weighs by the phase of the word that is sent, its source's; what it sends
 * by its own. The clamp comes at the window's end, when the state flips.
 */
export const bistable: NeuronModel = {
  shader: 'bistable',
  most: 1,
  signed: false,
  mostSpikes: 1,
  windowed: true,
  maximum: 'word',
  spikesOf: (word) => word,
  initialMembrane: (g, _phaseBits, initial) => initialMembrane(g, initial),
  spikeWeight: weight,
  synapseWeight: weight,
  arriving: (current, drive, { phase, state }) => current + (state === 'integrating' && phase === 0 ? drive : 0),
  fire: (v, g, { phaseBits, phase, state, last }) => {
    const charge = spikeCharge(g, phaseBits, phase);
    const spikes = state === 'firing' && v >= charge ? 1 : 0;
    const left = v - spikes * charge;
    return { v: last ? clampMembrane(left) : left, word: spikes, spikes };
  },
  decodeFactor: (steps, depth, timetable) => {
    const words = wordsBegun(timetable, depth, steps);
    return words === 0 ? 0 : 1 / words;
  },
  readoutDivisor: (steps, depth, timetable) => Math.max(1, windowsBegun(timetable, depth, steps)),
};

/** 2^(K−1−k) in phase k of a word. */
function weight({ phaseBits, phase, state }: Moment): number {
  return state === 'firing' ? phaseWeight(phaseBits, phase) : 0;
}
