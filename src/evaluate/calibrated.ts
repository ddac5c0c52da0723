import { type Converted, type ConvertReports, calibrateAndConvert } from '../convert/convert.ts';
import type { Once } from '../convert/once.ts';
import type { CalibrationSession } from '../run/calibration-session.ts';
import { type Note, silentNotes } from './notes.ts';
import type { Evaluation } from './prepare.ts';

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
  const { calibrationSource } = evaluation;
  const converted = await calibrateAndConvert(session, calibrationSource, { ...evaluation, onSilent }, reports, once);
  return { converted, notes: silentNotes(silent) };
}
