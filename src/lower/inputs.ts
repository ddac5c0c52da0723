/** How an operator gets at its inputs: weights and activations. */

import { ModelFormatError } from '../errors.ts';
import type { Node, Tensor } from '../graph/graph.ts';
import { cannot, firstNotFinite, type Lowering, nodePlace } from './lowering.ts';
import { describe, isChannelsFirst, isGrouped } from './parts/axes.ts';
import { takeInFeatures } from './parts/features.ts';
import { settleOrder } from './parts/pick.ts';
import { takeInPads } from './parts/zero-border.ts';
import { hasPads, type Value } from './value.ts';

/** The constant at an input, or `undefined` where it is left out. Throws where the input is computed from the image. */
export function constantInput(node: Node, index: number, lowering: Lowering): Tensor | undefined {
  const name = node.inputs[index];
  if (!name) return undefined;
  const constant = lowering.constants.get(name);
  if (constant) return constant;
  throw cannot(node, `input ${index} ("${name}") is not a constant`, 'make it a stored weight');
}

/** Finite weights at an input. Throws `ModelFormatError` for NaN and infinity, and where the input is left out. */
export function weightInput(node: Node, index: number, lowering: Lowering): Tensor {
  const tensor = constantInput(node, index, lowering);
  if (!tensor)
    throw new ModelFormatError('missing-tensor', nodePlace(node), `input ${index} is left out`, 'export the model again');
  checkFinite(tensor, node, node.inputs[index]);
  return tensor;
}

/** Throws `ModelFormatError` where a constant holds NaN or infinity. */
export function checkFinite(tensor: Tensor, node: Node, name: string): void {
  const index = firstNotFinite(tensor.data);
  if (index < 0) return;
  const what = `tensor "${name}" holds ${tensor.data[index]} at position ${index}`;
  throw new ModelFormatError(
    'bad-weights',
    nodePlace(node),
    what,
    'the training diverged or the file is damaged; export sound weights',
  );
}

/** Whether an input is computed from the image. */
export const isActivation = (node: Node, index: number, lowering: Lowering): boolean =>
  lowering.values.has(node.inputs[index] ?? '');

/** What to do about comparisons of activations. */
export const COMPARED = 'only Where(x > 0, x, 0) is supported: a ReLU';

/** What to do about integers of activations. */
const PAIRED = 'only DequantizeLinear may read them: export in QDQ form, or give the float model';

/** The activations at an input as they are: a zero border and factors of features apart, channels in any order or in groups. */
export function rawInput(node: Node, index: number, lowering: Lowering): Value {
  const name = node.inputs[index] ?? '';
  const value = lowering.values.get(name);
  if (value) return value;
  if (lowering.constants.has(name)) throw cannot(node, `input ${index} ("${name}") is a constant`, 'fold constants before export');
  if (lowering.comparisons.has(name)) throw cannot(node, `reads the comparison "${name}"`, COMPARED);
  if (lowering.integers.has(name)) throw cannot(node, `reads the integers "${name}" of QuantizeLinear`, PAIRED);
  throw cannot(node, `reads "${name}", an extra output that has no counterpart`, 'use the first output of that node alone');
}

/** The activations at an input, a zero border apart, channels in any order or in groups. */
export function storedInput(node: Node, index: number, lowering: Lowering): Value {
  const value = rawInput(node, index, lowering);
  return value.features ? takeInFeatures(value, value.features, node, lowering) : value;
}

/** The same with all channels along one axis. */
export const orderedInput = (node: Node, index: number, lowering: Lowering): Value =>
  alongOneAxis(storedInput(node, index, lowering), node);

/** The activations at an input, channels in any order along one axis, factors of features apart, a zero border taken into them. */
export const featureInput = (node: Node, index: number, lowering: Lowering): Value =>
  withoutBorder(alongOneAxis(rawInput(node, index, lowering), node), node, lowering);

function alongOneAxis(value: Value, node: Node): Value {
  if (!isGrouped(value)) return value;
  const what = `channels in groups, ${value.dims.join('×')}`;
  throw cannot(node, what, 'only a channel shuffle (Reshape, Transpose, Reshape) may see them so', 'unsupported-shape');
}

/** The same read as [batch, channels, height, width] or [batch, channels, width]. */
export function mapInput(node: Node, index: number, lowering: Lowering): Value {
  const value = orderedInput(node, index, lowering);
  if (isChannelsFirst(value)) return value;
  const what = `reads ${describe(value)} as [batch, channels, height, width]`;
  throw cannot(node, what, 'put a Transpose before it, or export with the channels first', 'unsupported-shape');
}

/** The activations at an input, channels in their order, with a zero border kept apart. */
export const paddedInput = (node: Node, index: number, lowering: Lowering): Value =>
  settleOrder(orderedInput(node, index, lowering), node, lowering);

/** The activations at an input, channels in their order, a zero border taken into them. */
export const dataInput = (node: Node, index: number, lowering: Lowering): Value =>
  withoutBorder(paddedInput(node, index, lowering), node, lowering);

/** A value with its zero border taken in. */
export const withoutBorder = (value: Value, node: Node, lowering: Lowering): Value =>
  hasPads(value.pads) ? takeInPads(value, node, lowering) : value;
