import type { Ann } from '../ann/ann.ts';
import { type Checks, checkArgument, checkOptions, only, TEXT } from '../checks.ts';
import { isNetworkFile } from '../data/network-file.ts';
import { readSidecar, type Sidecar } from '../data/sidecar.ts';
import { OptionError } from '../errors.ts';
import { IMPORT_OPTIONS, type ImportOptions, importOnnx } from '../onnx/import.ts';

/** A trained network, and what stands beside its file. */
export interface Model {
  readonly ann: Ann;
  readonly sidecar: Sidecar | null;
  /** That it took to read them. */
  readonly seconds: number;
}

/** What each of them must be. */
export const OPEN_MODEL_OPTIONS: Checks<Pick<ImportOptions, 'output'>> = only(IMPORT_OPTIONS, 'output');

/**
 * Reads an ONNX file, with its sidecar where there is one. @throws UnsupportedModelError, ModelFormatError, OptionError for a saved
 * network
 */
export async function openModel(path: string, options: Pick<ImportOptions, 'output'> = {}): Promise<Model> {
  checkArgument('path', path, TEXT);
  const given = checkOptions(options, OPEN_MODEL_OPTIONS);
  if (await isNetworkFile(path)) {
    const what = 'is a saved network, and the trained one, which is needed, is not in it';
    throw new OptionError('saved-network', path, what, 'give the ONNX file; eval, predict, record and inspect take saved networks');
  }
  const start = performance.now();
  const sidecar = await readSidecar(path);
  const ann = await importOnnx(path, given);
  return { ann, sidecar, seconds: (performance.now() - start) / 1000 };
}

/** A path, a network, or both with its sidecar, as the last. */
export async function asModel(model: string | Ann | Model): Promise<Model> {
  if (typeof model === 'string') return openModel(model);
  return 'ann' in model ? model : { ann: model, sidecar: null, seconds: 0 };
}
