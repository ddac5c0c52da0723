import { type ConvertAgain, conversionsOf } from '../convert/convert.ts';
import type { Once } from '../convert/once.ts';
import { calibrateForTrials, type TriedImages } from '../convert/trials.ts';
import type { Device } from '../gpu/device.ts';
import type { AnnBatch } from '../run/batch.ts';
import type { Calibration } from '../run/calibration-session.ts';
import { calibrationSession } from './calibrated.ts';
import type { LastingDevice } from './lasting.ts';
import type { Evaluation } from './prepare.ts';

/** What a network is converted with in several ways. */
export interface CalibratedWays {
  readonly calibration: Calibration;
  readonly tried: TriedImages;
  readonly convertAgain: ConvertAgain;
  /** Images at once for which the device had no memory; null where it had. */
  readonly refusedBatch: number | null;
}

/** Calibrates once for all ways. @param report called with the images done @param once makes the parts of all conversions */
export async function calibrateWays(
  lasting: LastingDevice,
  evaluation: Evaluation,
  ways: readonly { readonly perChannel: boolean }[],
  report: (progress: { readonly stage: 'calibration'; readonly done: number; readonly images: number }) => void,
  once: Once,
): Promise<CalibratedWays> {
  const { count: imageCount } = evaluation.calibrationSource;
  const countChannels = ways.some(({ perChannel }) => perChannel);
  const create = (device: Device) => calibrationSession(device, evaluation, countChannels);
  const calibrated = await lasting.withSession(create, async (session) => {
    const onBatch = ({ first, images }: AnnBatch) => report({ stage: 'calibration', done: first + images, images: imageCount });
    const found = await calibrateForTrials(session, onBatch, once);
    return { ...found, refusedBatch: session.refusedBatch };
  });
  return { ...calibrated, convertAgain: lastingConversions(lasting, evaluation, calibrated.calibration, once) };
}

/** Conversions as `conversionsOf` makes them; what it measures for them is measured once a device. */
function lastingConversions(lasting: LastingDevice, evaluation: Evaluation, calibration: Calibration, once: Once): ConvertAgain {
  const { ann, calibrationSource } = evaluation;
  let made: { readonly device: Device; readonly convertAgain: ConvertAgain } | null = null;
  return (changes, onLayer) =>
    lasting.through((device) => {
      if (made?.device !== device) {
        made = { device, convertAgain: conversionsOf(device, ann, calibration, calibrationSource, evaluation, once) };
      }
      return made.convertAgain(changes, onLayer);
    });
}
