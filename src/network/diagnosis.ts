/** What a diagnosis adds up over the pairs of one layer: plain data between the room that counts and the one that judges. */

/**
 * Sums over all pairs of a neuron and an image (specification, section 10). a: the trained network's activation in units of λ of its channel; d: the weights
 * of the neuron's spikes so far, in units of the smallest one. The first six are integers, and equal on every device.
 */
export interface LayerSums {
  /** Pairs with a = 0, that is, a pre-activation of at most 0. */
  readonly inactive: number;
  /** Pairs with a = 0 and at least one spike: spikes of inactivated neurons. */
  readonly sin: number;
  /** Pairs with at least one spike. */
  readonly spiking: number;
  /** Pairs whose neuron fired whenever it could. */
  readonly saturated: number;
  readonly spikes: number;
  /** Spikes times the fan-out of their neuron. */
  readonly operations: number;
  /** Σ a */
  readonly activation: number;
  /** Σ a² */
  readonly activationSquare: number;
  /** Σ d */
  readonly decoded: number;
  /** Σ d² */
  readonly decodedSquare: number;
  /** Σ a · d */
  readonly product: number;
  /** Σ |d · unit − a| */
  readonly absoluteError: number;
}

/** How the spikes of a layer are read. */
export interface Decoding {
  /** What one unit of the decoded sum stands for, in units of λ. */
  readonly unit: number;
  /** The decoded sum of a neuron that fired whenever it could; 0 where none could yet. */
  readonly saturation: number;
}
