/** One factor and one offset a feature of a flattened map (BatchNormalization behind Flatten), where no linear layer takes them in. */

import type { Node } from '../../graph/graph.ts';
import { cannot, type Lowering, takeRoom } from '../lowering.ts';
import { type Features, type Part, partShape, type Value } from '../value.ts';
import { channelsFirst, featuresOf } from './axes.ts';
import { unlessStraight } from './channels.ts';
import { convolvePart } from './compose.ts';
import { POINTWISE } from './terms.ts';

/** Weights that spreading a map over channels of its own may take. */
const MOST_WEIGHTS = 2 ** 24;

/** The same value without factors of its own: every feature has become a channel. */
export function takeInFeatures(value: Value, { factors, offsets }: Features, node: Node, lowering: Lowering): Value {
  const order = new Array<number>(factors.length);
  let from = 0;
  const positions = featuresOf(value);
  const parts = value.parts.map((part, k): Part => {
    const [own, added] = [factors, offsets].map((numbers) => Float64Array.from(positions[k], (at) => numbers[at]));
    for (const at of positions[k]) order[at] = from++;
    return spreadPart(part, own, added, node, lowering);
  });
  return { ...value, axes: channelsFirst(2, parts), parts, order: unlessStraight(order), features: undefined };
}

function spreadPart(part: Part, factors: Float64Array, offsets: Float64Array, node: Node, lowering: Lowering): Part {
  const features = factors.length;
  if (features ** 2 > MOST_WEIGHTS) {
    throw cannot(node, `one factor each for ${features} features of a flattened map`, 'put the normalisation before Flatten');
  }
  takeRoom(lowering, features ** 2, node);
  const { height, width } = partShape(part);
  const weights = new Float32Array(features ** 2);
  factors.forEach((factor, i) => {
    weights[i * features + i] = factor;
  });
  const window = { ...POINTWISE, kernel: [height, width] as const };
  const operator = { type: 'convolution', weights, window, groups: 1 } as const;
  const { terms, bias } = convolvePart(part, operator, features, node, lowering);
  const shape = { channels: features, height: 1, width: 1 };
  return { kind: 'sum', name: node.name, shape, terms, bias: bias.map((b, i) => b + offsets[i]), pools: [] };
}
