import { type Check, type Checks, checkOptions, integer } from '../checks.ts';
import { CONVERSION } from '../convert/convert.ts';
import { parseScale, SCALE_METHODS } from '../convert/scale.ts';
import { IMAGES } from './given.ts';
import { DEFAULTS, type EvaluateOptions, type EvaluateSettings, RANGES, SCALES } from './options.ts';

/** How λ is chosen, as text. */
export const SCALE: Check = {
  expected: `one of ${SCALES}`,
  accepts: (value) => typeof value === 'string' && parseScale(value) !== null,
  texts: SCALE_METHODS,
};

/** What each of `EvaluateOptions` must be. */
export const EVALUATE_OPTIONS: Checks<EvaluateOptions> = {
  ...CONVERSION,
  scale: SCALE,
  calibrateOn: IMAGES,
  limit: integer(...RANGES.limit),
  offset: integer(...RANGES.offset),
  waves: integer(...RANGES.waves),
  calibration: integer(...RANGES.calibration),
  diagnosis: integer(...RANGES.diagnosis),
};

/** Checks every option and fills in the defaults. @param defaults that differ here @throws OptionError */
export function settle(options: EvaluateOptions, defaults: EvaluateOptions = {}): EvaluateSettings {
  const given = { ...defaults, ...checkOptions(options, EVALUATE_OPTIONS) };
  return { ...DEFAULTS, ...given, ...settleScale(given) };
}

/** The method, and the percentile that counts. */
function settleScale({ scale: given, percentile }: EvaluateOptions) {
  const scale = given ?? (percentile === undefined ? DEFAULTS.scale : 'percentile');
  const found = parseScale(scale) as NonNullable<ReturnType<typeof parseScale>>;
  return { scale: found.method, percentile: found.percentile ?? percentile ?? DEFAULTS.percentile };
}
