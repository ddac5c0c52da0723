import type { SpikingNetwork } from '../network/network.ts';
import { wordSteps } from '../network/timetable.ts';
import { RANGES } from './options.ts';
import type { Evaluation } from './prepare.ts';

/** Something to try, and what it gave on the images that were looked at. */
export interface Remedy {
  /** As an option of the command: "--phase-bits 5". */
  readonly option: string;
  /** The logit error after all words. */
  readonly error: number;
  /** What it takes off the error; negative where it adds. */
  readonly gain: number;
  /** Share of images that get the trained network's class. */
  readonly agreement: number;
  /** T of the last word. */
  readonly timesteps: number;
}

/** What is explained, its K chosen. */
export type FixedEvaluation = Omit<Evaluation, 'phaseBits'> & { readonly phaseBits: number | readonly number[] };

/** A remedy that has not been tried yet: what it changes of a conversion and its run. */
export interface Candidate {
  readonly option: string;
  readonly changes: Partial<Pick<FixedEvaluation, 'phaseBits' | 'waves' | 'scale' | 'percentile' | 'perChannel' | 'correctBias'>>;
}

/** What could be done about each part of the error: for rounding longer words or more of them, for clipping and rounding other scales. */
export function candidatesFor({ phaseBits, waves, scale, percentile, perChannel, correctBias }: FixedEvaluation): Candidate[] {
  const [, mostBits] = RANGES.phaseBits;
  const [, mostWaves] = RANGES.waves;
  const longer = typeof phaseBits === 'number' ? phaseBits + 1 : phaseBits.map((K) => Math.min(K + 1, mostBits));
  const scales: Candidate[] = [
    { option: '--scale mse', changes: { scale: 'mse' } },
    { option: '--scale max', changes: { scale: 'max' } },
    ...[99, 99.9, 99.99].map(
      (P): Candidate => ({ option: `--scale percentile:${P}`, changes: { scale: 'percentile', percentile: P } }),
    ),
  ];
  const isOther = ({ changes }: Candidate) =>
    changes.scale !== scale || (scale === 'percentile' && changes.percentile !== percentile);
  return [
    ...([longer].flat().some((K, d) => K !== [phaseBits].flat()[d]) && [longer].flat().every((K) => K <= mostBits)
      ? [{ option: `--phase-bits ${[longer].flat().join(',')}`, changes: { phaseBits: longer } }]
      : []),
    ...(waves + 2 <= mostWaves ? [{ option: `--waves ${waves + 2}`, changes: { waves: waves + 2 } }] : []),
    ...scales.filter(isOther),
    ...(perChannel ? [] : [{ option: '--per-channel', changes: { perChannel: true } }]),
    ...(correctBias ? [] : [{ option: '--correct-bias', changes: { correctBias: true } }]),
  ];
}

/** T of the last of some words. */
export const lastStep = ({ timetable }: SpikingNetwork, waves: number): number => wordSteps(timetable, waves);
