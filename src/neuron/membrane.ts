import { power } from '../network/power.ts';
import { threshold } from './bistable.ts';

/**
 * Membranes in 32 bits, whatever T: bounds that every engine applies in the same place. For networks within the grid's
 * bounds (specification, section 3) they matter for membranes that grow without firing and for coarse grids (g < 0) only.
 */

/** No current of one step moves a membrane by more. */
const CURRENT_LIMIT = 2 ** 30;
/** V of neurons without windows stays within ±(2^30 − 1) after every step. */
const STEP_LIMIT = 2 ** 30 - 1;
/** A readout's potential stays within ±2^30. */
const READOUT_LIMIT = 2 ** 30;

const bound = (v: number, limit: number): number => Math.min(Math.max(v, -limit), limit);

/** V after what arrived in one step: shifted left by −g where g < 0, by ±2^30 at most. */
export function receive(v: number, arrived: number, g: number): number {
  const unit = power(Math.max(0, -g));
  return v + bound(arrived, CURRENT_LIMIT / unit) * unit;
}

/** V after a step of a neuron without windows. */
export const clampStep = (v: number): number => bound(v, STEP_LIMIT);

/** A readout's potential after a step. */
export const clampPotential = (v: number): number => bound(v, READOUT_LIMIT);

/** θ · factor, the charge of a spike; beyond 2^30 no membrane reaches it. */
export const chargeOf = (g: number, factor: number): number => Math.min(threshold(g) * factor, CURRENT_LIMIT);
