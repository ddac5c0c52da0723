import { power } from '../network/power.ts';
import { chargeOf, clampStep } from './membrane.ts';
import type { NeuronModel } from './model.ts';

/**
 * The burst neuron (specification, section 8): integrates and fires in every step, up to γ spikes at once, each of weight 1.
 *
 *     V += Σ 2^K_in · w·s + b + input        spikes = clamp(⌊V / (θ·2^K)⌋, 0, γ)        V −= spikes · θ·2^K
 *
 * A spike stands for λ, that is 2^K units of its sender's words (K_in: K of the source), so one unit of V stays λ·2^-K/θ. V(0) is
 * half a threshold, or zero.
 */
export const burst = (most: number): NeuronModel => ({
  shader: 'burst',
  most,
  signed: false,
  mostSpikes: most,
  windowed: false,
  maximum: 'count',
  spikesOf: (word) => word,
  initialMembrane: (g, phaseBits, initial) => (initial === 'half' ? chargeOf(g, power(phaseBits)) / 2 : 0),
  spikeWeight: ({ phaseBits }) => power(phaseBits),
  synapseWeight: ({ phaseBits }) => power(phaseBits),
  arriving: (current, drive) => current + drive,
  fire: (v, g, { phaseBits }) => {
    const charge = chargeOf(g, power(phaseBits));
    const spikes = Math.min(Math.max(Math.floor(v / charge), 0), most);
    return { v: clampStep(v - spikes * charge), word: spikes, spikes };
  },
  decodeFactor: (steps) => 1 / steps,
  readoutDivisor: (steps) => steps,
});
