/** Operators on constants, computed while the graph is read: shape arithmetic and weights that exporters left unfolded. */

import { integerAttribute, isList, tensorAttribute } from '../../graph/attributes.ts';
import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { constantInput } from '../inputs.ts';
import { badShape, cannot, type Lowering, takeRoom } from '../lowering.ts';
import { sliceRanges } from '../operators/crop.ts';
import { axesOf, flattenDims, permutation, reshapeDims, squeezeDims, unsqueezeDims } from '../operators/layout.ts';
import { fold1, fold2 } from './arithmetic.ts';
import { foldDequantize, foldQuantize } from './quantized.ts';
import { REDUCTIONS } from './reduce.ts';

type Fold = (node: Node, lowering: Lowering) => Tensor;

/** Folds by operator; all inputs are constants. */
export const FOLDS: Readonly<Record<string, Fold>> = {
  Constant: foldConstant,
  Identity: (node, lowering) => input(node, 0, lowering),
  Dropout: (node, lowering) => input(node, 0, lowering),
  Shape: (node, lowering) => shapeTensor(node, input(node, 0, lowering).dims),
  Size: (node, lowering) => integers([], [elementCount(input(node, 0, lowering).dims)]),
  Cast: foldCast,
  Gather: foldGather,
  Unsqueeze: (node, lowering) => redim(node, lowering, (x) => unsqueezeDims(node, x.dims, axesOf(node, lowering) ?? [])),
  Squeeze: (node, lowering) => redim(node, lowering, (x) => squeezeDims(node, x.dims, axesOf(node, lowering))),
  Reshape: (node, lowering) => redim(node, lowering, (x) => reshapeDims(node, x.dims, Array.from(input(node, 1, lowering).data))),
  Flatten: (node, lowering) => redim(node, lowering, (x) => flattenDims(node, x.dims)),
  Concat: foldConcat,
  Slice: foldSlice,
  Transpose: foldTranspose,
  ConstantOfShape: foldConstantOfShape,
  Range: foldRange,
  Expand: foldExpand,
  DequantizeLinear: foldDequantize,
  QuantizeLinear: foldQuantize,
  ...fold1,
  ...fold2,
  ...REDUCTIONS,
};

/** A Shape node's result (with start and end, from opset 15 on). */
export function shapeTensor(node: Node, dims: readonly number[]): Tensor {
  const end = node.attributes.has('end') ? integerAttribute(node, 'end', 0) : dims.length;
  const part = dims.slice(integerAttribute(node, 'start', 0), end);
  return integers([part.length], part);
}

const integers = (dims: readonly number[], values: readonly number[]): Tensor => ({
  dims,
  type: 'integer',
  data: Float64Array.from(values),
});

/** The constant at an input that must be there. */
function input(node: Node, index: number, lowering: Lowering): Tensor {
  const tensor = constantInput(node, index, lowering);
  if (!tensor) throw badShape(node, `input ${index} is left out`);
  return tensor;
}

function foldConstant(node: Node): Tensor {
  const tensor = tensorAttribute(node, 'value');
  if (tensor) return tensor;
  const [name, value] = [...node.attributes][0] ?? [];
  const values = typeof value === 'number' ? [value] : isList(value) ? value : undefined;
  if (!values) throw cannot(node, 'a constant of another kind than numbers', 'export the model again');
  const dims = typeof value === 'number' ? [] : [values.length];
  return name?.startsWith('value_int') ? integers(dims, values) : { dims, type: 'real', data: Float32Array.from(values) };
}

function foldCast(node: Node, lowering: Lowering): Tensor {
  const { dims, type, data } = input(node, 0, lowering);
  const to = integerAttribute(node, 'to', 1);
  const wanted = [1, 10, 11, 16].includes(to) ? 'real' : 'integer';
  if (wanted === type) return { dims, type, data };
  takeRoom(lowering, data.length, node);
  if (wanted === 'real') return { dims, type: 'real', data: Float32Array.from(data) };
  return { dims, type: 'integer', data: Float64Array.from(data, to === 9 ? (x) => (x === 0 ? 0 : 1) : Math.trunc) };
}

/** A new tensor of the same type whose values are those at the given positions. */
function pick(node: Node, lowering: Lowering, x: Tensor, dims: readonly number[], position: (index: number) => number): Tensor {
  const count = elementCount(dims);
  takeRoom(lowering, count, node);
  const data = x.type === 'real' ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = x.data[position(i)];
  return { dims, type: x.type, data };
}

function redim(node: Node, lowering: Lowering, dims: (x: Tensor) => readonly number[]): Tensor {
  const x = input(node, 0, lowering);
  return { ...x, dims: dims(x) };
}

function axisOf(node: Node, rank: number, fallback: number): number {
  const axis = integerAttribute(node, 'axis', fallback);
  const at = axis < 0 ? axis + rank : axis;
  if (!(at >= 0 && at < rank)) throw badShape(node, `axis ${axis} of ${rank} dimensions`);
  return at;
}

function foldGather(node: Node, lowering: Lowering): Tensor {
  const x = input(node, 0, lowering);
  const indices = input(node, 1, lowering);
  const axis = axisOf(node, x.dims.length, 0);
  const size = x.dims[axis];
  const at = Array.from(indices.data, (i) => (i < 0 ? i + size : i));
  if (at.some((i) => !(Number.isInteger(i) && i >= 0 && i < size))) throw badShape(node, `an index outside of ${size} entries`);
  const inner = elementCount(x.dims.slice(axis + 1));
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  return pick(node, lowering, x, dims, (i) => {
    const outer = Math.floor(i / (inner * at.length));
    return (outer * size + at[Math.floor(i / inner) % at.length]) * inner + (i % inner);
  });
}

function foldConcat(node: Node, lowering: Lowering): Tensor {
  const all = node.inputs.map((_, i) => input(node, i, lowering));
  const [first] = all;
  if (!first) throw badShape(node, 'no inputs');
  const axis = axisOf(node, first.dims.length, 0);
  const fits = (x: Tensor) => x.dims.length === first.dims.length && x.dims.every((d, i) => i === axis || d === first.dims[i]);
  if (!all.every((x) => fits(x) && x.type === first.type))
    throw badShape(node, `sizes ${all.map((x) => x.dims.join('×')).join(' and ')}`);
  const dims = first.dims.with(
    axis,
    all.reduce((n, x) => n + x.dims[axis], 0),
  );
  const count = elementCount(dims);
  takeRoom(lowering, count, node);
  const data = first.type === 'real' ? new Float32Array(count) : new Float64Array(count);
  const outer = elementCount(dims.slice(0, axis));
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const x of all) {
      const run = x.data.length / outer;
      data.set(x.data.subarray(o * run, (o + 1) * run), to);
      to += run;
    }
  }
  return { dims, type: first.type, data };
}

/** Row-major strides. */
const stridesOf = (dims: readonly number[]): number[] => dims.map((_, i) => elementCount(dims.slice(i + 1)));

function foldSlice(node: Node, lowering: Lowering): Tensor {
  const x = input(node, 0, lowering);
  const read = (name: string, index: number) => {
    const tensor = constantInput(node, index, lowering);
    const attribute = node.attributes.get(name);
    return tensor ? Array.from(tensor.data) : isList(attribute) ? attribute : undefined;
  };
  if (isReversal(read('steps', 4))) return foldReversal(node, lowering, x, read);
  return sliceRanges(node, x.dims, read).reduce((sliced, { axis, start, step, count }) => {
    const dims = sliced.dims.with(axis, count);
    const inner = elementCount(dims.slice(axis + 1));
    return pick(node, lowering, sliced, dims, (i) => {
      const along = Math.floor(i / inner) % count;
      const outer = Math.floor(i / inner / count);
      return (outer * sliced.dims[axis] + start + along * step) * inner + (i % inner);
    });
  }, x);
}

const isReversal = (steps: readonly number[] | undefined): boolean => steps?.length === 1 && steps[0] === -1;

/** A whole axis backwards, which PyTorch's Pad uses on its list of pads. */
function foldReversal(
  node: Node,
  lowering: Lowering,
  x: Tensor,
  read: (name: string, index: number) => readonly number[] | undefined,
) {
  const axis = read('axes', 3)?.[0] ?? 0;
  const size = x.dims[axis];
  const whole = [-1, size - 1].includes(read('starts', 1)?.[0] ?? 0) && (read('ends', 2)?.[0] ?? 0) < -size;
  if (size === undefined || !whole) throw cannot(node, 'part of an axis backwards', 'export the model again, simplified');
  const inner = elementCount(x.dims.slice(axis + 1));
  return pick(node, lowering, x, x.dims, (i) => {
    const along = Math.floor(i / inner) % size;
    return i + (size - 1 - 2 * along) * inner;
  });
}

function foldTranspose(node: Node, lowering: Lowering): Tensor {
  const x = input(node, 0, lowering);
  const order = permutation(node, x.dims.length);
  const dims = order.map((axis) => x.dims[axis]);
  const from = stridesOf(x.dims);
  const to = stridesOf(dims);
  return pick(node, lowering, x, dims, (i) =>
    order.reduce((at, axis, k) => at + (Math.floor(i / to[k]) % dims[k]) * from[axis], 0),
  );
}

function foldConstantOfShape(node: Node, lowering: Lowering): Tensor {
  const dims = checkDims(node, input(node, 0, lowering).data);
  const value = tensorAttribute(node, 'value');
  if (value && value.data.length !== 1) throw badShape(node, `a value of ${value.data.length} numbers`);
  const count = elementCount(dims);
  takeRoom(lowering, count, node);
  if (value?.type === 'integer') return { dims, type: 'integer', data: new Float64Array(count).fill(value.data[0]) };
  return { dims, type: 'real', data: new Float32Array(count).fill(value?.data[0] ?? 0) };
}

function checkDims(node: Node, data: ArrayLike<number>): number[] {
  const dims = Array.from(data);
  if (dims.length > 16 || dims.some((d) => !Number.isSafeInteger(d) || d < 0))
    throw badShape(node, `a shape of [${dims.slice(0, 16)}]`);
  return dims;
}

function foldRange(node: Node, lowering: Lowering): Tensor {
  const [start, limit, step] = [0, 1, 2].map((i) => input(node, i, lowering));
  const count = Math.max(0, Math.ceil((limit.data[0] - start.data[0]) / step.data[0]));
  if (!Number.isSafeInteger(count)) throw badShape(node, `a range of ${count} numbers`);
  takeRoom(lowering, count, node);
  const values = Float64Array.from({ length: count }, (_, i) => start.data[0] + i * step.data[0]);
  return { dims: [count], type: start.type, data: start.type === 'real' ? Float32Array.from(values) : values };
}

function foldExpand(node: Node, lowering: Lowering): Tensor {
  const x = input(node, 0, lowering);
  const wanted = checkDims(node, input(node, 1, lowering).data);
  const rank = Math.max(wanted.length, x.dims.length);
  const own = [...new Array<number>(rank - x.dims.length).fill(1), ...x.dims];
  const target = [...new Array<number>(rank - wanted.length).fill(1), ...wanted];
  const dims = own.map((d, i) => (d === 1 ? target[i] : d));
  if (dims.some((d, i) => target[i] !== 1 && target[i] !== d)) throw badShape(node, `${x.dims.join('×')} to ${wanted.join('×')}`);
  const from = stridesOf(own);
  const to = stridesOf(dims);
  const place = (i: number) => dims.reduce((at, d, k) => at + (own[k] === 1 ? 0 : (Math.floor(i / to[k]) % d) * from[k]), 0);
  return pick(node, lowering, x, dims, place);
}
