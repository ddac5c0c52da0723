import type { Moment, Timetable } from '../network/timetable.ts';

export type { Moment } from '../network/timetable.ts';

/** What a neuron is made of (specification, sections 2 and 8): data and pure steps on the integer grid. One file a neuron. */

/** What a neuron sends in one step, and what that leaves. */
export interface Fired {
  readonly v: number;
  /** What arrives at its synapses, by which readers multiply their weights: 0 … `most` spikes, or a word that may be negative. */
  readonly word: number;
  /** Spikes that it takes to send that. */
  readonly spikes: number;
}

/**
 * A neuron on the integer grid. In each step the sources' words come in as
 *
 *     current = Σ w · word · synapseWeight(the source's moment)
 *
 * and one unit of what `arriving` makes of it is λ·2^-K/θ of activation, K the layer's own, or a fixed part of that (`phase`);
 * where g < 0 it is shifted left by −g into the membrane.
 */
export interface NeuronModel {
  /** Its shader library: `shaders/lib/neuron-NAME.wgsl`. */
  readonly shader: 'bistable' | 'burst' | 'phase' | 'multi';
  /** |word| of one step, at most. */
  readonly most: number;
  /** Words may be negative: it takes back what it sent too much. */
  readonly signed: boolean;
  /** Spikes of one step, at most. */
  readonly mostSpikes: number;
  /** It has two states that flip at every window's end; synchronous neurons hold shortcuts back. */
  readonly windowed: boolean;
  /**
   * How a maximum is taken: bit by bit of words; the input with the most spikes so far; of the words of each step; or of the sums
   * of words so far, of which the pool sends the change.
   */
  readonly maximum: 'word' | 'count' | 'step' | 'sum';
  /** Spikes that it takes to send a word. */
  readonly spikesOf: (word: number) => number;
  /** V before the first step, in membrane units. */
  readonly initialMembrane: (g: number, phaseBits: number, initial: 'half' | 'zero') => number;
  /** What 1 in a word of this step stands for, in units of the sender's words: λ·2^-K of activation. 0 where it cannot send. */
  readonly spikeWeight: (moment: Moment) => number;
  /** The same, as much of it as its readers take in: by it their weights are multiplied. */
  readonly synapseWeight: (source: Moment) => number;
  /** What comes into the membrane: the sources' current and drive (bias + input current), both in synaptic units. */
  readonly arriving: (current: number, drive: number, moment: Moment) => number;
  /**
   * Sends from a membrane that has integrated what arrived.
   * @param sent Σ words so far, weighted: what the neuron's readers have of it
   */
  readonly fire: (v: number, g: number, moment: Moment, sent: number) => Fired;
  /**
   * activation = (Σ weighted words of the first T steps) · λ·2^-K · decodeFactor(T, depth, timetable); 0 where nothing can have
   * been sent.
   */
  readonly decodeFactor: (steps: number, depth: number, timetable: Timetable) => number;
  /** Logits after T steps = potential · readout unit / readoutDivisor(T, depth of the readout, timetable). */
  readonly readoutDivisor: (steps: number, depth: number, timetable: Timetable) => number;
}

/** Whether a maximum goes by what each input has sent so far. */
export const remembers = ({ maximum }: NeuronModel): boolean => maximum === 'count' || maximum === 'sum';
