import type { InputFigures } from '../../src/evaluate/result.ts';

/** How some network was shown its images, but for what is given. */
export const inputFigures = (over: Partial<InputFigures> = {}): InputFigures => ({
  scale: 'percentile',
  percentile: 99.9,
  perChannel: false,
  correctBias: false,
  calibrationImages: 500,
  calibratedOn: 'training',
  normalization: { mean: [0.5], std: [0.25], meanFrom: 'options', stdFrom: 'sidecar' },
  skipped: [],
  notes: [],
  ...over,
});
