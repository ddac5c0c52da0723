import type { LayerSums } from '../network/diagnosis.ts';
import { type Accuracy, accuracyOf, type Hits } from './accuracy.ts';
import { accuracyCurve, type CurvePoint } from './curve.ts';
import { type Diagnosis, type DiagnosisFrame, diagnosis } from './diagnosis.ts';

/** What spiking batches add up to. */
export interface SpikingSums {
  /** At each point of the run. */
  readonly hits: readonly Hits[];
  /** Images whose class at the last point is the trained network's. */
  readonly agreeing: number;
  /** Of each layer. */
  readonly spikes: readonly number[];
}

/** What an evaluation adds up over its images: plain data. With a frame it gives the figures; those of parts add up to those of the whole. */
export interface EvaluationSums {
  /** null: there is no trained network. */
  readonly trained: Hits | null;
  readonly spiking: SpikingSums;
  /** null: no image was diagnosed. */
  readonly diagnosed: DiagnosedSums | null;
}

export interface DiagnosedSums {
  readonly images: number;
  readonly layers: readonly LayerSums[];
}

/** What of the figures no image adds to: plain data. */
export interface Frame {
  /** Time steps of each point of the run. */
  readonly steps: readonly number[];
  /** Index in the network of each layer that integrates. */
  readonly layers: readonly number[];
  /** null: no image was diagnosed. */
  readonly diagnosis: DiagnosisFrame | null;
}

/** The figures of sums. */
export interface SummedFigures {
  readonly images: number;
  readonly ann: Accuracy | null;
  readonly snn: Accuracy & { readonly curve: readonly CurvePoint[]; readonly agreement: number | null };
  /** An image, of each layer that integrates. */
  readonly spikes: readonly number[];
  readonly diagnosis: Diagnosis | null;
}

/** At least one image must have been summed. */
export function summedFigures(frame: Frame, { trained, spiking, diagnosed }: EvaluationSums): SummedFigures {
  const { hits, agreeing, spikes } = spiking;
  const { images } = hits[0];
  const curve = accuracyCurve(frame.steps, hits);
  const { top1, top5 } = curve[curve.length - 1];
  return {
    images,
    ann: trained && accuracyOf(trained),
    snn: { top1, top5, curve, agreement: trained && agreeing / images },
    spikes: frame.layers.map((l) => spikes[l] / images),
    diagnosis: frame.diagnosis && diagnosed && diagnosis(frame.diagnosis, diagnosed.layers, diagnosed.images),
  };
}

/** Sums of numbers that are no integers are kept in steps of this, so that they add up to the same in any order. */
const STEP = 2 ** -16;

/** A layer's sums of one batch, as they are added up: exactly, as long as the whole stays below 2^53 steps. */
export function inSteps<S extends object>(sums: S): S {
  return Object.fromEntries(Object.entries(sums).map(([name, v]) => [name, Math.round(v / STEP) * STEP])) as S;
}
