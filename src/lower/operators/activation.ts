/** Relu, Clip, Min and Max with constants: what turns a sum into a layer of neurons. */

import { numberAttribute } from '../../graph/attributes.ts';
import type { Node, Tensor } from '../../graph/graph.ts';
import { constantInput, isActivation, storedInput, withoutBorder } from '../inputs.ts';
import { badShape, cannot, type Lowering, type LowerOperator } from '../lowering.ts';
import { activateSum, addNeurons, asSum, isNonNegative } from '../parts/layers.ts';
import { clipSteps } from '../parts/rounded.ts';
import { type Finished, isZero, type Part, type Value } from '../value.ts';
import { negate, shiftBy } from './scale.ts';

/** max(x, 0). */
export const lowerRelu: LowerOperator = (node, lowering) =>
  activate(storedInput(node, 0, lowering), Number.POSITIVE_INFINITY, node, lowering);

/** min(max(x, floor), ceiling), also of quantised integers. Bounds are inputs or (before opset 11) attributes. */
export const lowerClip: LowerOperator = (node, lowering) => {
  const bound = (index: number, name: string, fallback: number) => {
    const tensor = constantInput(node, index, lowering);
    const value = tensor ? tensor.data[0] : numberAttribute(node, name, fallback);
    if (tensor && tensor.data.length !== 1) throw badShape(node, `the bound "${name}" has ${tensor.data.length} values`);
    return value;
  };
  const bounds = [bound(1, 'min', Number.NEGATIVE_INFINITY), bound(2, 'max', Number.POSITIVE_INFINITY)];
  const integers = lowering.integers.get(node.inputs[0]);
  if (!integers) return clip(storedInput(node, 0, lowering), bounds[0], bounds[1], node, lowering);
  const [low, high] = bounds.map((q) => (q - integers.zero) * integers.scale);
  lowering.integers.set(node.outputs[0], { ...integers, value: clip(integers.value, low, high, node, lowering) });
  return [];
};

/** Min with one number: a ceiling. */
export const lowerMin: LowerOperator = (node, lowering) => {
  const { value, bound } = valueAndBound(node, lowering);
  return clip(value, Number.NEGATIVE_INFINITY, bound, node, lowering);
};

/** Max with one number: a floor; with 0 ReLU. */
export const lowerMax: LowerOperator = (node, lowering) => {
  const { value, bound } = valueAndBound(node, lowering);
  return clip(value, bound, Number.POSITIVE_INFINITY, node, lowering);
};

/** The activation, and the one number (or tensor of equal numbers) beside it. */
function valueAndBound(node: Node, lowering: Lowering): { value: Value; bound: number } {
  const data = isActivation(node, 0, lowering) ? 0 : 1;
  const two = node.inputs.length === 2 && !isActivation(node, 1 - data, lowering);
  const value = storedInput(node, data, lowering);
  const bound = two ? oneNumber(constantInput(node, 1 - data, lowering), value) : undefined;
  if (bound === undefined) {
    throw cannot(node, 'more than one activation and one number', 'only bounds of one number are supported');
  }
  return { value, bound };
}

/** The number that a constant holds in all its places, if it is one and makes the value no larger where both meet. */
export function oneNumber(constant: Tensor | undefined, { dims }: Value): number | undefined {
  const number = constant?.data[0];
  if (!constant || number === undefined || !constant.data.every((x: number) => x === number)) return undefined;
  const before = dims.length - constant.dims.length;
  return before >= 0 && constant.dims.every((d, i) => d === 1 || d === dims[before + i]) ? number : undefined;
}

/**
 * A floor below which nothing is: as it is. Any other is taken off before and put back behind, a + clip(x − a, 0, b − a); a ceiling
 * alone is b − relu(b − x). One layer either way.
 */
function clip(value: Value, low: number, high: number, node: Node, lowering: Lowering): Value {
  const [floor, ceiling] = [boundless(low), boundless(high)];
  if (!(ceiling > floor)) throw cannot(node, `bounds ${low} and ${high}`, 'clip between two numbers, the lower one first');
  const positive = value.parts.every((part) => part.kind === 'finished' && isNonNegative(part.source, lowering));
  if (ceiling > 0 && (floor === 0 || (floor < 0 && positive))) return activate(value, ceiling, node, lowering);
  if (floor === Number.NEGATIVE_INFINITY && ceiling === Number.POSITIVE_INFINITY) return value;
  const whole = withoutBorder(value, node, lowering);
  if (floor === Number.NEGATIVE_INFINITY) {
    const below = shiftBy(ceiling, negate(whole, node, lowering), node, lowering);
    const rectified = activate(below, Number.POSITIVE_INFINITY, node, lowering);
    return shiftBy(ceiling, negate(rectified, node, lowering), node, lowering);
  }
  const above = shiftBy(-floor, whole, node, lowering);
  return shiftBy(floor, activate(above, ceiling - floor, node, lowering), node, lowering);
}

/** Float32's largest number stands for "no bound" in some exporters' files. */
const NO_BOUND = 3.4e38;

const boundless = (bound: number): number => (Math.abs(bound) >= NO_BOUND ? bound * Number.POSITIVE_INFINITY : bound);

function activate(value: Value, bound: number, node: Node, lowering: Lowering): Value {
  const ceiling = Math.fround(bound);
  const several = value.parts.filter((part) => part.kind === 'sum').length > 1;
  const parts = value.parts.map((part, k) => activatePart(part, several ? `${node.name}:${k}` : node.name, ceiling, lowering));
  return { ...value, parts };
}

function activatePart(part: Part, name: string, ceiling: number, lowering: Lowering): Part {
  if (part.kind === 'sum' && isZero(part)) return part;
  const stepped = clipSteps(part, name, ceiling, lowering);
  if (stepped) return stepped;
  if (part.kind === 'sum') return activateSum(part, name, ceiling, lowering);
  if (!isNonNegative(part.source, lowering)) return activateSum(asSum(part, name), name, ceiling, lowering);
  return ceiling === Number.POSITIVE_INFINITY ? part : lowerCeiling(part, name, ceiling, lowering);
}

/** A second bound on a layer: the same neurons once more with the smaller ceiling (the first ones go if nobody else reads them). */
function lowerCeiling(part: Finished, name: string, ceiling: number, lowering: Lowering): Finished {
  const layer = lowering.layers[part.source];
  if (layer.kind === 'neurons' && layer.ceiling <= ceiling) return part;
  if (layer.kind !== 'neurons' || layer.bits !== undefined) return addNeurons(asSum(part, name), name, ceiling, lowering);
  return { ...part, source: lowering.layers.push({ ...layer, name, ceiling }) - 1 };
}
