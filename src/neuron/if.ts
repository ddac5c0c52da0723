import { burst } from './burst.ts';
import type { NeuronModel } from './model.ts';

/**
 * Integrate and fire with soft reset (specification, section 8): threshold 1, spike weight 1, input and bias in every step.
 * It is a burst neuron that sends one spike at a time:
 *
 *     V += Σ 2^K_in · w·s + b + input        spike = (V ≥ θ·2^K)        V −= spike · θ·2^K
 */
export const integrateAndFire: NeuronModel = burst(1);
