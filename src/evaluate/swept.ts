import type { Estimate } from '../convert/estimate.ts';
import type { ScaleMethod } from '../convert/scale.ts';
import type { AdapterDescription } from '../gpu/device.ts';
import type { Accuracy } from './accuracy.ts';
import type { InputFigures } from './result.ts';

/** What is swept over where nothing is said. */
export const SWEPT = {
  phaseBits: [3, 4, 5, 6, 8],
  scales: ['mse', 'percentile:99.9'],
  perChannel: [true],
  correctBias: [true],
} as const;

/** Input figures but for those of the scales, of which there are several. */
export type SweptFigures = Omit<InputFigures, 'scale' | 'percentile' | 'perChannel' | 'correctBias'>;

/** A network converted in many ways, on the same images; its JSON is what `bsnn sweep --json` writes. Shares are 0…1. */
export interface Sweep extends SweptFigures {
  readonly model: string;
  readonly dataset: string;
  readonly images: number;
  readonly classes: number;
  /** Words that every layer sends. */
  readonly waves: number;
  readonly initial: 'half' | 'zero';
  /** The trained network, in f32. */
  readonly ann: Accuracy;
  /** Scale by scale, without and with correction, K by K, word by word. */
  readonly rows: readonly SweepRow[];
  /** Accuracy that may be lost. */
  readonly allowed: number;
  /** The row with the least T that loses no more, or where there is none (`met` false) the one that loses least. */
  readonly recommended: SweepRow;
  readonly met: boolean;
  readonly device: AdapterDescription;
  readonly seconds: number;
}

/** A way to convert, after one word. */
export interface SweepRow {
  readonly scale: ScaleMethod;
  /** Where that is "percentile": which. */
  readonly percentile: number;
  readonly perChannel: boolean;
  readonly correctBias: boolean;
  /** K, of all depths. */
  readonly phaseBits: number;
  /** Words so far, and steps from the image's onset to the last of them. */
  readonly word: number;
  readonly t: number;
  readonly top1: number;
  /** What accuracy loses to the trained network on these images; the standard error is that of a difference on the same images. */
  readonly loss: Estimate;
}

/** The row with the least T that loses no more than is allowed; of equal ones that which loses less. At least one row. */
export function recommended(rows: readonly SweepRow[], allowed: number): Pick<Sweep, 'recommended' | 'met'> {
  const byTime = (a: SweepRow, b: SweepRow) => a.t - b.t || a.loss.value - b.loss.value;
  const byLoss = (a: SweepRow, b: SweepRow) => a.loss.value - b.loss.value || a.t - b.t;
  const good = rows.filter(({ loss }) => loss.value <= allowed).sort(byTime);
  return { recommended: good[0] ?? [...rows].sort(byLoss)[0], met: good.length > 0 };
}

/** The figures of inputs without those of one way to choose scales. */
export function sweptFigures({
  scale: _,
  percentile: __,
  perChannel: ___,
  correctBias: ____,
  ...figures
}: InputFigures): SweptFigures {
  return figures;
}
