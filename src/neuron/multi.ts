import { power } from '../network/power.ts';
import { clampMembrane, initialMembrane, threshold } from './bistable.ts';
import type { NeuronModel } from './model.ts';

/**
 * The multi-threshold neuron (specification, section 8; H-MT, AAAI 2026): n thresholds θ, 2θ, … 2^(n−1)·θ tried in one step, so a
 * step sends an n-bit word; input and bias come in every step:
 *
 *     V    = clamp(V + Σ w·word + b + input, ±(2^30 − 1))
 *     word = clamp(⌊V/θ⌋, −min(sent, 2^n − 1), 2^n − 1)        sent = Σ words so far, never negative
 *     V    = V − θ · word
 *
 * `multi` takes back what it sent too much, `multi+` never does (its least word is 0). Spikes are the bits set in |word|, each on
 * its own wire, with a sign. n = K, so that a word has the layer's unit, λ·2^-K, and one unit of V is λ·2^-K/θ. A layer reads its
 * sources' words of the same step, so the first output is at T = 1; activation = Σ words / t, logits = V / t. V(0) = ⌊θ/2⌋, or zero.
 *
 * `multi+` after T steps is the windowed bistable rule (section 2) after word T, bit for bit: one step is one wave. Its maximum is that
 * of the step's words, as there. Where words may be negative, the maximum is that of the sums so far, and a pool sends its change.
 */
const multiThreshold = (bits: number, takesBack: boolean): NeuronModel => {
  const full = power(bits) - 1;
  return {
    shader: 'multi',
    most: full,
    signed: takesBack,
    mostSpikes: bits,
    windowed: false,
    maximum: takesBack ? 'sum' : 'step',
    spikesOf: bitsSet,
    initialMembrane: (g, _phaseBits, initial) => initialMembrane(g, initial),
    spikeWeight: () => 1,
    synapseWeight: () => 1,
    arriving: (current, drive) => current + drive,
    fire: (v, g, _moment, sent) => {
      const held = clampMembrane(v);
      const least = takesBack ? 0 - Math.min(sent, full) : 0;
      const word = Math.min(Math.max(Math.floor(held / threshold(g)), least), full);
      return { v: held - threshold(g) * word, word, spikes: bitsSet(word) };
    },
    decodeFactor: (steps) => 1 / steps,
    readoutDivisor: (steps) => steps,
  };
};

export const multi = (bits: number): NeuronModel => multiThreshold(bits, true);
export const multiPlus = (bits: number): NeuronModel => multiThreshold(bits, false);

/** Spikes of a word: the bits of its magnitude. */
function bitsSet(word: number): number {
  let count = 0;
  for (let rest = Math.abs(word); rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
