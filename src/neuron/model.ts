/** What a neuron is made of (specification, sections 2 and 8): data and pure steps on the integer grid. One file a neuron. */

/** When a step happens. */
export interface Moment {
  /** K. */
  readonly phaseBits: number;
  /** step mod K. */
  readonly phase: number;
  /**
   * Bistable state of the window: 0 integrating, 1 firing; null before the layer's first integrating window, when a neuron
   * waits: what arrives is kept, nothing is sent. Neurons without states do not look at it.
   */
  readonly state: 0 | 1 | null;
}

/** What a neuron sends in one step, and what that leaves. */
export interface Fired {
  readonly v: number;
  /** Spikes of this step: 0 … `most`. */
  readonly spikes: number;
}

/**
 * A neuron on the integer grid. Currents come in synaptic units: Σ w·s of the step, s the sources' spikes. One unit of what
 * `arriving` gives is λ·2^-K/θ of activation, times `membraneScale`; where g < 0 it is shifted left by −g into the membrane.
 */
export interface NeuronModel {
  /** Its shader library: `shaders/lib/neuron-NAME.wgsl`. */
  readonly shader: 'bistable' | 'burst' | 'phase';
  /** Spikes in one step, at most. */
  readonly most: number;
  /** It has two states that flip at every window's end; synchronous neurons hold shortcuts back. */
  readonly windowed: boolean;
  /** How a maximum is taken: bit by bit of words, or the input with the most spikes so far. */
  readonly maximum: 'word' | 'count';
  /** V before the first step, in membrane units. */
  readonly initialMembrane: (g: number, phaseBits: number, initial: 'half' | 'zero') => number;
  /** What one spike of this step stands for, in units of words: λ·2^-K of activation. */
  readonly spikeWeight: (moment: Moment) => number;
  /** What comes into the membrane: spikes' current and drive (bias + input current), both in synaptic units. */
  readonly arriving: (current: number, drive: number, moment: Moment) => number;
  /** Sends spikes from a membrane that has integrated what arrived. */
  readonly fire: (v: number, g: number, moment: Moment) => Fired;
  /**
   * activation = (Σ spike weights of the first T steps) · λ·2^-K · decodeFactor(T, depth, K); 0 where nothing can have been sent.
   */
  readonly decodeFactor: (steps: number, depth: number, phaseBits: number) => number;
  /** Logits after T steps = potential · readout unit / readoutDivisor(T, depth of the readout, K). */
  readonly readoutDivisor: (steps: number, depth: number, phaseBits: number) => number;
}
