import { MEMBRANE_LIMIT, SUM_LIMIT } from '../network/network.ts';
import { threshold } from './bistable.ts';

/**
 * Membranes in 32 bits, whatever T: bounds that every engine applies in the same place. For networks within the grid's
 * bounds (specification, section 3) they matter for neurons without windows alone, whose membranes may grow without firing.
 */

const bound = (v: number, limit: number): number => Math.min(Math.max(v, -limit), limit);

/** V after what arrived in one step: ±2^30 at most. */
export const receive = (v: number, arrived: number): number => v + bound(arrived, SUM_LIMIT);

/** V of neurons without windows after every step. */
export const clampStep = (v: number): number => bound(v, MEMBRANE_LIMIT);

/** θ · factor, the charge of a spike; beyond 2^30 no membrane reaches it. */
export const chargeOf = (g: number, factor: number): number => Math.min(threshold(g) * factor, SUM_LIMIT);
