/** Channels in wide maps, split and shuffled. */

import { type NodeSpec, type TensorSpec, whole } from './onnx-builder.ts';
import { node, random, relu } from './onnx-networks.ts';

export const split = (from: string, out: string[], sizes?: string): NodeSpec => ({
  ...node('Split', sizes ? [from, sizes] : [from], out[0], { axis: 1 }),
  out,
});
/** Channels of a map of 8 × 8 in groups, seen the other way round. */
export const shuffle = (from: string, to: string) => [
  node('Reshape', [from, 'groups'], `${to}/r`),
  node('Transpose', [`${to}/r`], `${to}/t`, { perm: [0, 2, 1, 3, 4] }),
  node('Reshape', [`${to}/t`, 'maps'], to),
];
export const shuffled = (channels: number, groups: number): Record<string, TensorSpec> => ({
  groups: whole([0, groups, channels / groups, 8, 8]),
  maps: whole([0, -1, 8, 8]),
});
/** From "a" (4 channels) to 12 channels with ReLU, as "b". */
export const wide = [node('Conv', ['a', 'w', 'bw'], 'cw', { pads: [1, 1, 1, 1] }), relu('cw', 'b')];
export const wideTensors = () => ({ w: random(12, 4, 3, 3), bw: random(12) });
export const conv = (from: string, to: string, weights: string, attributes: NodeSpec['attributes'] = {}) =>
  node('Conv', [from, weights], to, { pads: [1, 1, 1, 1], ...attributes });
