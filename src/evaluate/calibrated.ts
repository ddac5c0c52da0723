import { optionsOf } from '../checks.ts';
import { type Converted, type ConvertReports, calibrateAndConvert } from '../convert/convert.ts';
import type { Once } from '../convert/once.ts';
import type { Device } from '../gpu/device.ts';
import { ANN_SESSION_OPTIONS } from '../run/ann-session.ts';
import { CalibrationSession } from '../run/calibration-session.ts';
import { type Note, silentNotes } from './notes.ts';
import type { Evaluation } from './prepare.ts';

/** A session of an evaluation's calibration images. @param countChannels each channel is measured too */
export const calibrationSession = (device: Device, evaluation: Evaluation, countChannels: boolean): Promise<CalibrationSession> =>
  CalibrationSession.create(device, evaluation.ann, evaluation.calibrationSource, {
    ...optionsOf(ANN_SESSION_OPTIONS, evaluation),
    countChannels,
  });

/** A conversion, and what the user should know of it. */
export interface Calibrated {
  readonly converted: Converted;
  readonly notes: readonly Note[];
}

/** Calibrates the trained network of a session and converts it; the notes are on layers that no image made fire. */
export async function calibrated(
  session: CalibrationSession,
  evaluation: Evaluation,
  reports?: ConvertReports,
  once?: Once,
): Promise<Calibrated> {
  let silent: readonly string[] = [];
  const onSilent = (layers: readonly string[]): void => {
    silent = layers;
  };
  const converted = await calibrateAndConvert(session, { ...evaluation, onSilent }, reports, once);
  return { converted, notes: silentNotes(silent) };
}
