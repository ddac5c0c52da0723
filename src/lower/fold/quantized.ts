/** DequantizeLinear and QuantizeLinear of constants: weights that the file keeps as integers of few bits. */

import { integerAttribute } from '../../graph/attributes.ts';
import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { constantInput, weightInput } from '../inputs.ts';
import { badShape, cannot, type Lowering, takeRoom } from '../lowering.ts';
import { roundToEven } from './arithmetic.ts';

/** (integer − zero point) · scale. */
export function foldDequantize(node: Node, lowering: Lowering): Tensor {
  const { x, scale, zero, place } = quantized(node, lowering);
  const data = Float32Array.from(x.data, (q, i) => (q - (zero?.data[place(i)] ?? 0)) * scale.data[place(i)]);
  return { dims: x.dims, type: 'real', data };
}

/** The integer nearest to x / scale, halves to even, plus the zero point, within the range of the zero point's type. */
export function foldQuantize(node: Node, lowering: Lowering): Tensor {
  const { x, scale, zero, place } = quantized(node, lowering);
  const range = zero ? zero.range : ([0, 255] as const);
  if (!range) throw cannot(node, 'a zero point of this type', 'quantise to integers of 16 bits at most');
  const data = Float64Array.from(x.data, (v, i) => {
    const q = roundToEven(v / scale.data[place(i)]) + (zero?.data[place(i)] ?? 0);
    return Math.min(Math.max(q, range[0]), range[1]);
  });
  return { dims: x.dims, type: 'integer', data, range };
}

/** A node's inputs, and where the scale and zero point of its element i are: one for all, one along an axis, or one a block of it. */
function quantized(node: Node, lowering: Lowering) {
  const [x, scale] = [weightInput(node, 0, lowering), weightInput(node, 1, lowering)];
  const zero = constantInput(node, 2, lowering);
  const count = scale.data.length;
  if (zero && zero.data.length !== count) throw badShape(node, `${zero.data.length} zero points for ${count} scales`);
  takeRoom(lowering, x.data.length, node);
  if (count === 1) return { x, scale, zero, place: () => 0 };
  const axis = integerAttribute(node, 'axis', 1);
  const at = axis < 0 ? axis + x.dims.length : axis;
  const size = x.dims[at];
  const inner = elementCount(x.dims.slice(at + 1));
  const block = integerAttribute(node, 'block_size', 0);
  if (block === 0) {
    if (size !== count) throw badShape(node, `${count} scales along axis ${axis} of ${x.dims.join('×')}`);
    return { x, scale, zero, place: (i: number) => Math.floor(i / inner) % size };
  }
  const blocks = Math.ceil(size / block);
  if (scale.dims.join() !== x.dims.with(at, blocks).join())
    throw badShape(node, `scales ${scale.dims.join('×')} in blocks of ${block}`);
  const place = (i: number) => {
    const along = Math.floor(i / inner);
    return (Math.floor(along / size) * blocks + Math.floor((along % size) / block)) * inner + (i % inner);
  };
  return { x, scale, zero, place };
}
