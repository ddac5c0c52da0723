/** A zero border (of a Pad node) that no window takes in: a 1 × 1 convolution with padding. */

import type { Node } from '../../graph/graph.ts';
import { checkShape, type Lowering } from '../lowering.ts';
import { NO_PADS, type Pads, type Part, partShape, type Sum, type Value } from '../value.ts';
import { convolvePart } from './compose.ts';
import { depthwise, POINTWISE } from './terms.ts';

/** The same value without border; the border is in the parts. */
export function takeInPads(value: Value, node: Node, lowering: Lowering): Value {
  const parts = value.parts.map((part) => padPart(part, value.pads, node, lowering));
  return { ...value, pads: NO_PADS, parts };
}

function padPart(part: Part, pads: Pads, node: Node, lowering: Lowering): Sum {
  const { channels, height, width } = partShape(part);
  const shape = checkShape({ channels, height: height + pads[0] + pads[2], width: width + pads[1] + pads[3] }, node);
  const summands = convolvePart(part, depthwise(channels, { ...POINTWISE, pads }, 1), channels, node, lowering);
  return { kind: 'sum', name: node.name, shape, ...summands, pools: [] };
}
