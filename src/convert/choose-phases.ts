import type { Estimate } from './estimate.ts';

/** The K that are looked at where it is to be chosen. A word of one bit is no activation. */
const SMALLEST = 2;
const LARGEST = 8;

/** Trials that finding K takes: bisection over 2 … 8, or none of them. */
export const PHASE_TRIALS = Math.log2(LARGEST - SMALLEST + 2);

/** What accuracy may lose where nothing else is said, in percentage points. */
export const DEFAULT_LOSS = 0.5;

/** How K came about. Losses are shares of images, 0…1. */
export interface PhaseChoice {
  /** Images that K was chosen on: some of those for calibration, without their labels. */
  readonly images: number;
  /** What the first word may lose. */
  readonly allowed: number;
  /** Whether it does with the K chosen; else that is the one with the least loss. */
  readonly met: boolean;
  /** What the first word is estimated to lose with it (`estimatedLoss`). */
  readonly loss: Estimate;
  /** All that were tried, in order. */
  readonly tried: readonly { readonly phaseBits: number; readonly loss: Estimate }[];
}

/**
 * The smallest K from 2 to 8 with an estimated loss of at most `allowed`, by bisection: the loss falls with K, but for what its standard
 * error hides. Where no K has it, the one of those tried that loses least.
 * @param attempt converts with a K and estimates what the first word loses
 * @returns K with what its attempt gave
 */
export async function choosePhases<A extends { readonly loss: Estimate }>(
  attempt: (phaseBits: number) => Promise<A>,
  allowed: number,
): Promise<A & { readonly phaseBits: number } & Pick<PhaseChoice, 'met' | 'tried'>> {
  const tried: { phaseBits: number; loss: Estimate }[] = [];
  let best: (A & { phaseBits: number; met: boolean }) | null = null;
  let [from, to] = [SMALLEST, LARGEST];
  while (from <= to) {
    const phaseBits = (from + to) >> 1;
    const made = await attempt(phaseBits);
    const met = made.loss.value <= allowed;
    tried.push({ phaseBits, loss: made.loss });
    // what meets it has a smaller K than all that did before
    if (met || best === null || (!best.met && made.loss.value < best.loss.value)) best = { ...made, phaseBits, met };
    if (met) to = phaseBits - 1;
    else from = phaseBits + 1;
  }
  return { ...(best as NonNullable<typeof best>), tried };
}
