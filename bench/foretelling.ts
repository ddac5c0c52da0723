import type { Estimate, Estimates } from '../src/convert/estimate.ts';
import type { ScaleWay } from '../src/convert/search.ts';
import type { CalibrationOrigin } from '../src/network/saved/about.ts';

/** The candidates, as columns. */
export const CANDIDATES = ['expectedLoss', 'disagreement', 'marginWeighted', 'logitError'] as const satisfies (keyof Estimates)[];

/** One conversion: what is estimated on calibration images, and what is lost on others. Shares are 0…1. */
export interface EstimateRow extends ScaleWay {
  readonly model: string;
  readonly calibratedOn: CalibrationOrigin;
  readonly triedImages: number;
  readonly images: number;
  readonly annTop1: number;
  readonly phaseBits: number;
  readonly top1: number;
  readonly loss: Estimate;
  readonly estimates: Estimates;
}

/** How a candidate goes with the loss over all conversions. */
export interface Foretelling {
  readonly name: keyof Estimates;
  /** Pearson's; NaN where either does not change. */
  readonly correlation: number;
  /** The factor on the candidate with the least squared error to the loss: 1 where it is the loss on average. */
  readonly factor: number;
  /** Mean distance of the loss to the candidate times that factor. */
  readonly distance: number;
}

/** How each candidate goes with the loss. Pure. */
export const foretelling = (rows: readonly Pick<EstimateRow, 'loss' | 'estimates'>[]): Foretelling[] =>
  CANDIDATES.map((name) => {
    const x = rows.map(({ estimates }) => estimates[name].value);
    const y = rows.map(({ loss }) => loss.value);
    const squares = dot(x, x);
    const factor = squares === 0 ? 0 : dot(x, y) / squares;
    const distance = mean(y.map((v, i) => Math.abs(v - factor * x[i])));
    return { name, correlation: correlation(x, y), factor, distance };
  });

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
const centred = (values: readonly number[]): number[] => {
  const middle = mean(values);
  return values.map((v) => v - middle);
};

function correlation(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [centred(x), centred(y)];
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
