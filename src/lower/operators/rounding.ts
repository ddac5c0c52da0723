/** QuantizeLinear and DequantizeLinear of activations, Floor and Round: activations of a known step. */

import { integerAttribute } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { constantInput, rawInput, storedInput, weightInput } from '../inputs.ts';
import { badShape, cannot, type Lowering, type LowerOperator } from '../lowering.ts';
import { asSum } from '../parts/layers.ts';
import { withoutPools } from '../parts/maximum.ts';
import { roundPart, roundWhole, type Steps } from '../parts/rounded.ts';
import type { Part, Value } from '../value.ts';

/** The least f32 that is no subnormal number, which devices may take for 0. */
const LEAST_SCALE = 2 ** -126;

/** Ranges of integers by ONNX's number of the type, for `output_dtype`; 0 is its default. */
const RANGES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0, [0, 255]],
  [2, [0, 255]],
  [3, [-128, 127]],
  [4, [0, 65535]],
  [5, [-32768, 32767]],
  [21, [0, 15]],
  [22, [-8, 7]],
]);

/**
 * Integers of activations. They are no value of their own, only DequantizeLinear may read them, and Clip narrow them: x / scale + zero point, rounded and
 * within the type's range, is a layer whose steps are known. Behind the logits it keeps the best class and is left out.
 */
export const lowerQuantizeLinear: LowerOperator = (node, lowering) => {
  const numbers = scaleAndZero(node, lowering);
  const range = constantInput(node, 2, lowering)?.range ?? RANGES.get(integerAttribute(node, 'output_dtype', 0));
  if (!range) throw cannot(node, 'a zero point of this type', 'quantise to integers of 16 bits at most');
  const [low, high] = range.map((q) => q - numbers.zero);
  if (low > 0 || high < 0) throw badShape(node, `zero point ${numbers.zero} outside of ${range.join(' … ')}`);
  const output = node.outputs[0];
  const value = lowering.behindLogits.has(output)
    ? rawInput(node, 0, lowering)
    : roundValue(node, { step: numbers.scale, low, high }, lowering);
  lowering.integers.set(output, { value, ...numbers });
  return [];
};

/** What QuantizeLinear has rounded. */
export const lowerDequantizeLinear: LowerOperator = (node, lowering) => {
  const integers = lowering.integers.get(node.inputs[0]);
  if (!integers) throw cannot(node, 'activations that no QuantizeLinear made', 'export with pairs of both operators');
  const { scale, zero } = scaleAndZero(node, lowering);
  if (scale !== integers.scale || zero !== integers.zero) {
    throw cannot(node, "another scale or zero point than its QuantizeLinear's", 'give both operators of a pair the same ones');
  }
  return integers.value;
};

function scaleAndZero(node: Node, lowering: Lowering): { scale: number; zero: number } {
  const scales = weightInput(node, 1, lowering).data;
  const zeros = constantInput(node, 2, lowering)?.data ?? [0];
  if (scales.length !== 1 || zeros.length !== 1) {
    throw cannot(
      node,
      `${scales.length} scales of activations`,
      'quantise activations by tensor; weights may have a scale a channel',
    );
  }
  if (!(scales[0] >= LEAST_SCALE)) throw badShape(node, `scale ${scales[0]}`);
  return { scale: scales[0], zero: zeros[0] };
}

const roundValue = (node: Node, steps: Steps, lowering: Lowering): Value =>
  eachPart(node, lowering, (part, name) => roundPart(part, name, steps, lowering));

/** ⌊x⌋, behind or before a clip: the activation of networks trained for spikes (QCFS). */
export const lowerFloor: LowerOperator = (node, lowering) => wholeValue(node, 'down', lowering);

/** The nearest whole number, halves to even. */
export const lowerRound: LowerOperator = (node, lowering) => wholeValue(node, 'nearest', lowering);

const wholeValue = (node: Node, rounding: 'down' | 'nearest', lowering: Lowering): Value =>
  eachPart(node, lowering, (part, name) =>
    roundWhole(withoutPools(asSum(part, name), node, lowering), name, rounding, node, lowering),
  );

/** Each part of a node's input in another form; layers of several have a name each. */
function eachPart(node: Node, lowering: Lowering, change: (part: Part, name: string) => Part): Value {
  const value = storedInput(node, 0, lowering);
  const several = value.parts.length > 1;
  return { ...value, parts: value.parts.map((part, k) => change(part, several ? `${node.name}:${k}` : node.name)) };
}
