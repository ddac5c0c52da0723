/** Constants that differ from place to place, as a mean image does. */

import { type AnnTerm, type Shape, shapeSize, type Window } from '../../ann/ann.ts';
import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { cannot, type Lowering, takeRoom } from '../lowering.ts';
import { partShape, type Value } from '../value.ts';
import { featuresOf, sizesOf } from './axes.ts';
import { onesOf } from './ones.ts';
import { POINTWISE } from './terms.ts';

const areaOf = ({ height, width }: Pick<Shape, 'height' | 'width'>): number => height * width;

/** Multiply-adds that numbers which differ from place to place may cost: each place looks through a window of the map's size. */
const MOST_OF_MAPS = 2 ** 30;

/** A constant as the maps of each part, [channel][y][x]; `undefined` where it differs within none, or does not lie over the tensor. */
export function mapsOf({ dims, data, type }: Tensor, value: Value, node: Node, lowering: Lowering): Float64Array[] | undefined {
  const rank = value.dims.length;
  const own = [...new Array<number>(Math.max(0, rank - dims.length)).fill(1), ...dims];
  const lies = own.length === rank && own[0] === 1 && own.every((d, i) => d === 1 || d === value.dims[i]);
  if (!lies || type === 'integer' || rank < 3 || !sizesOf(value) || elementCount(own) === 1) return undefined;
  takeRoom(lowering, elementCount(value.dims.slice(1)), node);
  const whole = broadcast(own.slice(1), data, value.dims.slice(1));
  const maps = featuresOf(value).map((at) => Float64Array.from(at, (i) => whole[i]));
  const shapes = value.parts.map(partShape);
  if (!maps.some((map, k) => map.some((x, i) => x !== map[i - (i % areaOf(shapes[k]))]))) return undefined;
  if (shapes.some((shape) => shapeSize(shape) * areaOf(shape) > MOST_OF_MAPS)) throw differsInMap(node, dims);
  return maps;
}

/** The numbers of a tensor repeated along the axes where it has one entry. */
function broadcast(dims: readonly number[], data: Tensor['data'], to: readonly number[]): Float64Array {
  return Float64Array.from({ length: elementCount(to) }, (_, index) => {
    let [at, rest, stride] = [0, index, 1];
    for (let i = to.length - 1; i >= 0; i--) {
      if (dims[i] > 1) at += (rest % to[i]) * stride;
      rest = Math.floor(rest / to[i]);
      stride *= dims[i];
    }
    return data[at];
  });
}

/**
 * Numbers that differ from place to place, as a term: of one place of ones, over which the window lies so that every output reads it through
 * a weight of its own.
 * @param map [channel][y][x]
 */
export function mapAsTerm(map: Float64Array, { height, width }: Shape, node: Node, lowering: Lowering): AnnTerm {
  const area = areaOf({ height, width });
  takeRoom(lowering, map.length, node);
  const weights = new Float32Array(map.length);
  for (let i = 0; i < map.length; i++) weights[i - (i % area) + area - 1 - (i % area)] = map[i];
  const [down, right] = [height - 1, width - 1];
  const window: Window = { ...POINTWISE, kernel: [height, width], pads: [down, right, down, right] };
  return { source: onesOf(1, 1, node, lowering), operator: { type: 'convolution', weights, window, groups: 1 } };
}

/** Refuses what is no number a channel, where it would have to be one, or where maps are too large for more. */
export const differsInMap = (node: Node, dims: readonly number[]) =>
  cannot(
    node,
    `a constant [${dims.join(', ')}] that differs from place to place, as a mean image does, and is not one number a channel`,
    'take the mean of each channel in its place',
  );
