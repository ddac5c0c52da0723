import type { Once } from '../convert/once.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { calibrated, calibrationSession } from './calibrated.ts';
import type { LastingDevice } from './lasting.ts';
import { memoryNotes, type Note } from './notes.ts';
import { type Evaluation, inputFigures } from './prepare.ts';
import type { InputFigures } from './result.ts';

/** A converted network, and what was found on the way. */
export interface Prepared {
  readonly network: SpikingNetwork;
  readonly notes: readonly Note[];
  /** Images at once for which the device had no memory; null where it had. */
  readonly refusedBatch: number | null;
}

/** Converts a model that was prepared. @param once makes the parts of the conversion */
export function convertPrepared(lasting: LastingDevice, evaluation: Evaluation, once?: Once): Promise<Prepared> {
  const create = (device: Device) => calibrationSession(device, evaluation, evaluation.perChannel);
  return lasting.withSession(create, async (session) => {
    const { converted, notes } = await calibrated(session, evaluation, {}, once);
    return { network: converted.network, notes, refusedBatch: session.refusedBatch };
  });
}

/**
 * The figures of a prepared model's inputs, with all that there is to say of them.
 * @param refused images at once for which a session of the device had no memory
 */
export function preparedFigures(
  evaluation: Evaluation,
  { notes, refusedBatch }: Omit<Prepared, 'network'>,
  refused: readonly (number | null)[] = [],
): InputFigures {
  const figures = inputFigures(evaluation);
  return { ...figures, notes: [...figures.notes, ...notes, ...memoryNotes([refusedBatch, ...refused])] };
}
