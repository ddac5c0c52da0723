import { ANN } from '../ann/ann.ts';
import { anyOf, type Check, checkArgument, checkOptional, FUNCTION, object, TEXT } from '../checks.ts';
import { DEVICE } from '../gpu/device.ts';
import { NETWORK } from '../network/network.ts';
import { SOURCE } from '../run/source.ts';

const MODEL: Check = anyOf(
  { ...TEXT, expected: 'a path' },
  ANN,
  object('a model of openModel()', ({ ann }) => ANN.accepts(ann)),
);

const SAVED: Check = object(
  'a saved network, as readSavedNetwork() gives it',
  ({ network, about }) => NETWORK.accepts(network) && typeof about === 'object' && about !== null,
);

const DATA_SET: Check = object(
  'a data set',
  ({ name, classes, mean, std, evaluation, training }) =>
    typeof name === 'string' &&
    [classes, mean, std].every(Array.isArray) &&
    SOURCE.accepts(evaluation) &&
    ((training ?? null) === null || SOURCE.accepts(training)),
);

/** Images, as a data set or a source. */
export const IMAGES: Check = anyOf(DATA_SET, SOURCE);

/** Checks the arguments that most functions share, before anything is done. @throws OptionError `argument` */
export function checkGiven(device: unknown, model: unknown, images: unknown, onProgress: unknown): void {
  checkArgument('device', device, DEVICE);
  checkArgument('model', model, MODEL);
  checkArgument('images', images, IMAGES);
  checkOptional('onProgress', onProgress, FUNCTION);
}

/** The same of functions that run a saved network. @throws OptionError `argument` */
export function checkGivenSaved(device: unknown, saved: unknown, images: unknown, onProgress: unknown): void {
  checkArgument('device', device, DEVICE);
  checkArgument('saved', saved, SAVED);
  checkArgument('images', images, IMAGES);
  checkOptional('onProgress', onProgress, FUNCTION);
}
