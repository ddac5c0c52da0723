import type { Estimate } from '../convert/estimate.ts';
import type { Found, Trial } from '../convert/search.ts';
import type { AdapterDescription } from '../gpu/device.ts';
import type { SweptFigures } from './swept.ts';

/** Conversions that a search may try. */
export const DEFAULT_TRIALS = 100;

/** The way to convert a network that needs the least T; its JSON is what `bsnn tune --json` writes. Shares are 0…1. */
export interface TunedNetwork extends SweptFigures, Found {
  readonly model: string;
  readonly dataset: string;
  readonly initial: 'half' | 'zero';
  /** Images that ways were tried on, without their labels: some of those for calibration. */
  readonly triedImages: number;
  /** What may be lost. */
  readonly allowed: number;
  /** The best way on the images to evaluate, with their labels; null where they have none. */
  readonly check: Check | null;
  readonly device: AdapterDescription;
  readonly seconds: number;
}

/** What the best way does on images that played no part in finding it. */
export interface Check {
  readonly images: number;
  /** Top-1 accuracy of the trained network, and of the spiking one after the best way's word. */
  readonly annTop1: number;
  readonly top1: number;
  /** What is lost; the standard error is that of a difference on the same images. */
  readonly loss: Estimate;
}

/** K of a way as options take it: one number where all depths have the same. */
export const phaseBitsOfWay = ({ phaseBits }: Pick<Trial, 'phaseBits'>): number | readonly number[] =>
  phaseBits.every((K) => K === phaseBits[0]) ? phaseBits[0] : phaseBits;
