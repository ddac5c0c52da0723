/** A zero border (of a Pad node) that no window takes in: a 1 × 1 convolution with padding. */

import type { AnnTerm, Window } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { cannot, checkShape, type Lowering, takeRoom } from '../lowering.ts';
import { hasBias, NO_PADS, type Pads, type Part, type Sum, type Value } from '../value.ts';
import { asSum } from './layers.ts';
import { isPointwise, POINTWISE } from './terms.ts';

/** The same value without border; the border is in the parts. Throws where a sum's bias or wide window stands in the way. */
export function takeInPads(value: Value, node: Node, lowering: Lowering): Value {
  const parts = value.parts.map((part) => padPart(part, value.pads, node, lowering));
  return { ...value, pads: NO_PADS, parts };
}

function padPart(part: Part, pads: Pads, node: Node, lowering: Lowering): Sum {
  const sum = asSum(part, node.name);
  const simple = sum.terms.every(({ operator }) => operator.type === 'identity' || isPointwise(operator.window));
  if (!simple || hasBias(sum) || sum.pools.length > 0) {
    throw cannot(
      node,
      'a zero border around a linear sum',
      'put Pad behind the ReLU, or use the padding of Conv',
      'linear-without-relu',
    );
  }
  const { channels, height, width } = sum.shape;
  const shape = checkShape({ channels, height: height + pads[0] + pads[2], width: width + pads[1] + pads[3] }, node);
  const window: Window = { ...POINTWISE, pads };
  takeRoom(lowering, sum.terms.length * channels, node);
  const terms = sum.terms.map(({ source, operator }): AnnTerm => {
    const groups = operator.type === 'identity' ? channels : operator.groups;
    return { source, operator: { type: 'convolution', weights: operator.weights, window, groups } };
  });
  return { ...sum, shape, terms };
}
