import { readoutOf, type SpikingNetwork } from '../../src/network/network.ts';
import { oneK, type Sent } from '../../src/network/timetable.ts';

export { readoutOf } from '../../src/network/network.ts';
export type { Sent } from '../../src/network/timetable.ts';

/** Timing of a network with one K (specification, section 6), in closed form: what the timetable, which answers for K by depth too, is tested against. */

/** Real logits of one unit of the readout's potential, a class: λ·2^-K/θ. */
export const readoutUnits = (network: SpikingNetwork): Float64Array => readoutOf(network).units.unit;

/** K of a network with one. */
export const kOf = ({ timetable }: SpikingNetwork): number => oneK(timetable) as number;

/** T_n: steps after which the readout has its n-th full word (n from 1): K·(D_out + 2(n−1)). */
export const wordSteps = (network: SpikingNetwork, wave: number): number =>
  kOf(network) * (readoutOf(network).depth + 2 * (wave - 1));

/** The step count after phase k (from 0) of wave n (from 0) has reached the readout: the x axis of the accuracy curve. */
export const readoutStep = (network: SpikingNetwork, wave: number, phase: number): number =>
  kOf(network) * (readoutOf(network).depth - 1 + 2 * wave) + phase + 1;

/** Whether a layer of this depth integrates (true), fires (false) or still waits for its first input (null) in a window. */
export function integrates(depth: number, window: number): boolean | null {
  if (window < depth - 1) return null;
  return (window - (depth - 1)) % 2 === 0;
}

/** What bistable neurons of a depth have sent after `t` steps (section 6: firing in windows depth, depth + 2, …). */
export function sentBy(network: SpikingNetwork, depth: number, t: number): Sent {
  const K = kOf(network);
  const firing = t - K * depth; // steps since the layer's first firing window began
  if (firing <= 0) return { words: 0, bits: 0 };
  const words = Math.floor(firing / (2 * K));
  const into = firing - 2 * K * words;
  return into >= K ? { words: words + 1, bits: 0 } : { words, bits: into };
}
