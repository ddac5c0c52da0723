import { isObject } from './container.ts';
import type { Refuse } from './refuse.ts';

/**
 * Who says what mean and standard deviation are; "model": its file has them in the graph; "images": they came normalised; "network": a saved
 * one, which does not say.
 */
export type NormalizationOrigin = 'options' | 'sidecar' | 'model' | 'data set' | 'images' | 'nobody' | 'network';

/** Whose images scales come from: the user's own, the data set's for training, those that are not evaluated, or some that are. */
export type CalibrationOrigin = 'own' | 'training' | 'others' | 'evaluated';

/** What is known of how a network was made; saved with it, and no part of what it computes. */
export interface AboutNetwork {
  /** Class names in the order of the logits; null where nobody names them. */
  readonly classes?: readonly string[] | null;
  /** Mean and standard deviation of pixels / 255, a channel or one for all, and who says so. */
  readonly normalization?: AboutNormalization | null;
  readonly calibration?: AboutCalibration | null;
}

export interface AboutNormalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly meanFrom: NormalizationOrigin;
  readonly stdFrom: NormalizationOrigin;
}

/** Where the scales come from. */
export interface AboutCalibration {
  /** The data set's name. */
  readonly dataset: string;
  readonly images: number;
  readonly origin: CalibrationOrigin;
  /** How λ was chosen; where that is "percentile", which. */
  readonly scale: (typeof SCALES)[number];
  readonly percentile: number;
  /** Whether each channel has a λ of its own. */
  readonly perChannel: boolean;
  /** Whether biases were corrected on the same images. */
  readonly correctBias: boolean;
}

const NORMALIZATION_ORIGINS: readonly NormalizationOrigin[] = [
  'options',
  'sidecar',
  'model',
  'data set',
  'images',
  'nobody',
  'network',
];
/** How λ may have been chosen (specification, section 4). */
const SCALES = ['percentile', 'max', 'mse', 'bound'] as const;
const CALIBRATION_ORIGINS: readonly CalibrationOrigin[] = ['own', 'training', 'others', 'evaluated'];

const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((v) => Number.isFinite(v));
const isOneOf = <T>(value: unknown, known: readonly T[]): value is T => known.includes(value as T);

/** Refuses what is not of this form, by its field. @param classes that the network has */
export function checkAbout(about: unknown, classes: number, refuse: Refuse): AboutNetwork {
  const no = (field: string, what: string): never => refuse('network-text', `about.${field} ${what}`);
  if (!isObject(about)) return refuse('network-text', 'about is no object');
  const { classes: names = null, normalization = null, calibration = null } = about;
  if (names !== null && !(Array.isArray(names) && names.every((name) => typeof name === 'string'))) {
    no('classes', 'is no list of names');
  }
  if (names !== null && (names as string[]).length !== classes) no('classes', `does not have ${classes} names`);
  if (normalization !== null && !isNormalization(normalization)) no('normalization', 'is no mean and std with their origins');
  if (calibration !== null && !isCalibration(calibration))
    no('calibration', 'does not say images, origin, scale, percentile, whether by channel and whether biases are corrected');
  return { classes: names, normalization, calibration } as AboutNetwork;
}

const isNormalization = (value: unknown): boolean =>
  isObject(value) &&
  isNumbers(value.mean) &&
  isNumbers(value.std) &&
  isOneOf(value.meanFrom, NORMALIZATION_ORIGINS) &&
  isOneOf(value.stdFrom, NORMALIZATION_ORIGINS);

const isCalibration = (value: unknown): boolean =>
  isObject(value) &&
  typeof value.dataset === 'string' &&
  Number.isSafeInteger(value.images) &&
  isOneOf(value.origin, CALIBRATION_ORIGINS) &&
  isOneOf(value.scale, SCALES) &&
  typeof value.perChannel === 'boolean' &&
  typeof value.correctBias === 'boolean' &&
  Number.isFinite(value.percentile);
