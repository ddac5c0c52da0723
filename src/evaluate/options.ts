import { DEFAULT_LOSS } from '../convert/choose-phases.ts';
import { type ScaleMethod, type ScaleText, WAY } from '../convert/scale.ts';
import type { DataSet } from '../data/data-set.ts';
import type { BatchSize } from '../plan/batch.ts';
import type { Choices } from '../plan/choices.ts';
import type { Normalization } from '../run/ann-session.ts';
import type { ImageSource } from '../run/source.ts';

/** What to evaluate, and how; every option has a default. */
export interface EvaluateOptions extends Partial<Normalization> {
  /** Images at most (default all). */
  readonly limit?: number;
  /** The first image (default 0). */
  readonly offset?: number;
  /**
   * K: spikes of a word, 1 to 8 (default 4); a list by depth, from the input's window on, where it differs; or "auto", the smallest from 2
   * to 8 that loses no more than `loss` by the first word (default of `evaluate` and `convertModel`).
   */
  readonly phaseBits?: number | readonly number[] | 'auto';
  /** What the first word may lose where K is "auto", in percentage points of accuracy (default 0.5), as estimated without labels. */
  readonly loss?: number;
  /** Words that every layer sends (default 3). */
  readonly waves?: number;
  /** Images at once, at most, or "auto" (default): as many as fill the device, 64 where it computes on the CPU. Only time depends on it. */
  readonly batch?: BatchSize;
  /** Images to calibrate on, at most (default 500). */
  readonly calibration?: number;
  /** Those images (default: the data set's for training, else some that are not evaluated); of a data set those for training, else all. */
  readonly calibrateOn?: ImageSource | DataSet;
  /** How λ is chosen (default "mse"); "percentile:P" says the percentile too, and goes before `percentile`. */
  readonly scale?: ScaleText;
  /** This percentile of activations (default 99.9); given without `scale` it chooses that. */
  readonly percentile?: number;
  /** A λ for each channel (default), or false: one for a layer. */
  readonly perChannel?: boolean;
  /** Correct biases on calibration images, so that the mean words are the mean activations (default true). */
  readonly correctBias?: boolean;
  /** V at the start: half a threshold (default) or zero. */
  readonly initial?: 'half' | 'zero';
  /** Images, at most, whose spikes are compared layer by layer with the trained network's activations (default 0: none). */
  readonly diagnosis?: number;
  /** How layers are computed, by shape, as `tune` found it (default: by the kind of device). Only time depends on it. */
  readonly choices?: Choices;
}

/** Options with nothing left open, but for what depends on the model. */
export type EvaluateSettings = Required<Omit<EvaluateOptions, keyof Normalization | 'calibrateOn' | 'scale'>> &
  Pick<EvaluateOptions, keyof Normalization | 'calibrateOn'> & { readonly scale: ScaleMethod };

/** What holds where no option says otherwise. */
export const DEFAULTS = {
  limit: Number.MAX_SAFE_INTEGER,
  offset: 0,
  phaseBits: 4,
  loss: DEFAULT_LOSS,
  waves: 3,
  batch: 'auto',
  calibration: 500,
  ...WAY,
  initial: 'half',
  diagnosis: 0,
  choices: {},
} as const satisfies EvaluateOptions;

/** Ranges of the options that are integers, both ends included. */
export const RANGES = {
  limit: [1, Number.MAX_SAFE_INTEGER],
  offset: [0, Number.MAX_SAFE_INTEGER],
  phaseBits: [1, 8],
  waves: [1, 128],
  batch: [1, 65535],
  calibration: [1, Number.MAX_SAFE_INTEGER],
  diagnosis: [0, Number.MAX_SAFE_INTEGER],
} as const;

/** The ways to choose a scale, for messages. */
export const SCALES = 'percentile:P (0 < P ≤ 100), percentile, max, mse, bound';
