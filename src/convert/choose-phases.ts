import type { SpikingNetwork } from '../network/network.ts';
import type { Estimate } from './estimate.ts';

/** The K that are looked at where it is to be chosen. A word of one bit is no activation. */
const SMALLEST = 2;
const LARGEST = 8;

/** Conversions that finding K takes: bisection over 2 … 8, or none of them. */
export const PHASE_TRIALS = Math.log2(LARGEST - SMALLEST + 2);

/** What accuracy may lose by the first word where nothing else is said, in percentage points. */
export const DEFAULT_LOSS = 0.5;

/** How K came about. Losses are shares of images, 0…1. */
export interface PhaseChoice {
  /** Images that K was chosen on: some of those for calibration, without their labels. */
  readonly images: number;
  /** What the first word may lose. */
  readonly allowed: number;
  /** Whether it does with the K chosen; else that is the one with the least loss. */
  readonly met: boolean;
  /** What the first word is estimated to lose with it (`Estimates.expectedLoss`). */
  readonly loss: Estimate;
  /** All that were tried, in order. */
  readonly tried: readonly { readonly phaseBits: number; readonly loss: Estimate }[];
}

/**
 * The smallest K from 2 to 8 with an estimated loss of at most `allowed`, by bisection: the loss falls with K, but for what its standard
 * error hides. Where no K has it, the one of those tried that loses least.
 * @param convertTo converts with a K
 * @param lossOf estimates what the first word of a network loses
 */
export async function choosePhases(
  convertTo: (phaseBits: number) => Promise<SpikingNetwork>,
  lossOf: (network: SpikingNetwork) => Promise<Estimate>,
  allowed: number,
): Promise<Omit<PhaseChoice, 'images'> & { readonly network: SpikingNetwork }> {
  const tried: { phaseBits: number; loss: Estimate }[] = [];
  let best: { network: SpikingNetwork; loss: Estimate; met: boolean } | null = null;
  let [from, to] = [SMALLEST, LARGEST];
  while (from <= to) {
    const phaseBits = (from + to) >> 1;
    const network = await convertTo(phaseBits);
    const loss = await lossOf(network);
    const met = loss.value <= allowed;
    tried.push({ phaseBits, loss });
    // what meets it has a smaller K than all that did before
    if (met || best === null || (!best.met && loss.value < best.loss.value)) best = { network, loss, met };
    if (met) to = phaseBits - 1;
    else from = phaseBits + 1;
  }
  return { ...(best as NonNullable<typeof best>), allowed, tried };
}
