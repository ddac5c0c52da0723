import { optionsOf } from '../checks.ts';
import { CONVERT_OPTIONS, convert } from '../convert/convert.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { silentNotes } from './notes.ts';
import { type Evaluation, inputFigures } from './prepare.ts';
import type { InputFigures } from './result.ts';

/** Converts a model that was prepared. @returns the network, and the figures of its inputs with what conversion has to say */
export async function convertPrepared(
  device: Device,
  evaluation: Evaluation,
): Promise<{ readonly network: SpikingNetwork; readonly figures: InputFigures }> {
  let silent: readonly string[] = [];
  const onSilent = (layers: readonly string[]) => {
    silent = layers;
  };
  const network = await convert(device, evaluation.ann, evaluation.calibrationSource, {
    ...optionsOf(CONVERT_OPTIONS, evaluation),
    onSilent,
  });
  const figures = inputFigures(evaluation);
  return { network, figures: { ...figures, notes: [...figures.notes, ...silentNotes(silent)] } };
}
