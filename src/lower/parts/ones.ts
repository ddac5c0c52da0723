/** A source of ones: 1 inside of a map, 0 in the padding around it (specification, section 7; in the field's terms, bias neurons). */

import { INPUT, type Window } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { type Lowering, takeRoom } from '../lowering.ts';
import { partShape, type Sum } from '../value.ts';
import { POINTWISE } from './terms.ts';

/** The same sum with its bias as a term of its own, so that zero padding around it is zero. */
export function biasAsTerm(sum: Sum, node: Node, lowering: Lowering): Sum {
  takeRoom(lowering, sum.bias.length, node);
  const weights = Float32Array.from(sum.bias);
  const term = {
    source: onesOf(sum.shape.height, sum.shape.width, node, lowering),
    operator: { type: 'convolution', weights, window: POINTWISE, groups: 1 },
  } as const;
  return { ...sum, terms: [...sum.terms, term], bias: new Float64Array(weights.length) };
}

/** The layer of ones of a map's size, made once: a bias of one, and the pixels with weights of zero. */
export function onesOf(height: number, width: number, node: Node, lowering: Lowering): number {
  const key = `${height}×${width}`;
  const known = lowering.ones.get(key);
  if (known !== undefined) return known;
  const { channels, ...extent } = partShape(lowering.values.get(lowering.graph.input.name)!.parts[0]);
  const vertical = spread(extent.height, height);
  const horizontal = spread(extent.width, width);
  const window: Window = {
    kernel: [vertical.kernel, horizontal.kernel],
    stride: [vertical.stride, horizontal.stride],
    pads: [0, 0, vertical.pad, horizontal.pad],
    dilation: [1, 1],
  };
  const count = channels * window.kernel[0] * window.kernel[1];
  takeRoom(lowering, count, node);
  const operator = { type: 'convolution', weights: new Float32Array(count), window, groups: 1 } as const;
  const layer = lowering.layers.push({
    kind: 'neurons',
    name: `ones ${key}`,
    shape: { channels: 1, height, width },
    terms: [{ source: INPUT, operator }],
    bias: Float32Array.of(1),
    ceiling: Number.POSITIVE_INFINITY,
  });
  lowering.ones.set(key, layer - 1);
  return layer - 1;
}

/** The smallest window that yields `to` places of `from`. */
function spread(from: number, to: number): { kernel: number; stride: number; pad: number } {
  if (to === 1) return { kernel: 1, stride: from, pad: 0 };
  const stride = Math.max(1, Math.floor((from - 1) / (to - 1)));
  const span = (to - 1) * stride;
  return { kernel: Math.max(1, from - span), stride, pad: Math.max(0, span + 1 - from) };
}
