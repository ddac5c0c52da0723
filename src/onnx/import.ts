/** The way in: an ONNX classifier, from a file or from bytes. */

import type { Ann } from '../ann/ann.ts';
import { anyOf, BYTES, type Checks, checkArgument, checkOptions, TEXT } from '../checks.ts';
import { ModelFormatError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { lowerGraph } from '../lower/lower.ts';
import { parseModel } from './parse.ts';
import type { ReadExternal } from './tensor.ts';

export interface ImportOptions {
  /** Name of the network; else the file's name without ending, or the graph's name. */
  readonly name?: string;
  /** The graph's output that holds the logits, or what is made of them; needed where several could be meant. */
  readonly output?: string;
}

/** What each of `ImportOptions` must be. */
export const IMPORT_OPTIONS: Checks<ImportOptions> = { name: TEXT, output: TEXT };

/** What a model is imported from. */
const MODEL = anyOf({ ...TEXT, expected: 'a path' }, { ...BYTES, expected: 'the bytes of a file' });

/**
 * Imports an ONNX classifier (opset 7 and later) from a path (Node only) or from the file's bytes. Tensors in other files
 * are read only from inside the model's own folder. Softmax, LogSoftmax, Sigmoid and ArgMax at the very end are left out (the best
 * class stays), so the readout gives the logits that feed them.
 * Throws `ModelFormatError` for what is no whole, consistent model, `UnsupportedModelError` for what has no place in an `Ann`, by node.
 */
export const importOnnx = async (source: string | Uint8Array, options: ImportOptions = {}): Promise<Ann> =>
  (await importWithGraph(source, options)).ann;

/** The same with the file's graph, for who asks what became of its nodes. */
export async function importWithGraph(
  source: string | Uint8Array,
  options: ImportOptions = {},
): Promise<{ readonly ann: Ann; readonly graph: Graph }> {
  checkArgument('source', source, MODEL);
  const given = checkOptions(options, IMPORT_OPTIONS);
  const file = typeof source === 'string' ? (await import('./read.ts')).readModelFile(source) : bytesAlone(source);
  const graph = parseModel(file.bytes, typeof source === 'string' ? source : 'model', file.readExternal);
  const name = given.name || file.name || graph.name || 'network';
  return { ann: { ...lowerGraph(graph, given.output), name }, graph };
}

function bytesAlone(bytes: Uint8Array): { bytes: Uint8Array; name: string; readExternal: ReadExternal } {
  const readExternal: ReadExternal = (location, _offset, _length, where) => {
    const what = `the values are in another file ("${location}")`;
    throw new ModelFormatError('external-data', where, what, 'give the path of the model instead of its bytes');
  };
  return { bytes, name: '', readExternal };
}
