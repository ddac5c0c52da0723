/** What a graph takes: its one input and that input's size. */

import { ModelFormatError, UnsupportedModelError } from '../errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { type GraphProto, toNumber, type ValueInfoProto } from './schema.ts';

/** Element types an image may come in: float, float16, double, and bytes. */
const BYTES = 2;
const IMAGE_TYPES = [1, 10, 11, BYTES];

/**
 * The input's name and dims; a dynamic batch (a name, 0, −1 or nothing) becomes 1. Inputs that are initializers as well (files of IR
 * version 3) do not count. Throws `UnsupportedModelError` for several inputs, other ranks than 2 to 4 and sizes that are not fixed.
 */
export function parseInput(graph: GraphProto, constants: ReadonlyMap<string, Tensor>, where: string): Graph['input'] {
  const inputs = graph.input.filter(({ name }) => !constants.has(name));
  if (inputs.length === 0) throw new ModelFormatError('no-input', where, 'the graph has no input', 'export the model again');
  if (inputs.length > 1) {
    const names = inputs.map(({ name }) => `"${name}"`).join(', ');
    throw new UnsupportedModelError('several-inputs', where, `several inputs: ${names}`, 'export a classifier of one image');
  }
  return { name: inputs[0].name, dims: inputDims(inputs[0]), bytes: inputs[0].type?.tensorType?.elemType === BYTES };
}

function inputDims({ name, type }: ValueInfoProto): number[] {
  const where = `input "${name}"`;
  const shape = type?.tensorType?.shape;
  if (!shape)
    throw new UnsupportedModelError('input-shape', where, 'no shape is stored', 'export the model with a fixed image size');
  if (!IMAGE_TYPES.includes(type.tensorType.elemType)) {
    throw new UnsupportedModelError(
      'input-type',
      where,
      'the input is neither of real numbers nor of bytes',
      'export the model with a float32 or uint8 input',
    );
  }
  const dims = shape.dim.map(({ dimValue, dimParam }) => (dimParam ? 0 : toNumber(dimValue)));
  if (dims.length < 2 || dims.length > 4) {
    const what = `rank ${dims.length}; understood are [batch, …] of an image (channels first or last, or none) or of features`;
    throw new UnsupportedModelError('input-shape', where, what, 'export the model with such an input');
  }
  if (!(dims[0] > 0)) dims[0] = 1;
  if (dims.some((d) => !Number.isSafeInteger(d) || d <= 0)) {
    const shown = dims.map((d) => (d > 0 ? d : '?')).join(' × ');
    throw new UnsupportedModelError('input-shape', where, `size ${shown}`, 'export the model with a fixed image size');
  }
  return dims;
}
