/** Operators on constants, one by one: what NumPy gives, and what is refused. */

import { describe, expect, it } from 'vitest';
import type { Attribute, Node, Tensor } from '../../src/graph/graph.ts';
import { FOLDS } from '../../src/lower/fold/fold.ts';
import type { Lowering } from '../../src/lower/lowering.ts';
import { refusalOf } from '../helpers/refusal.ts';

const r = (data: number[], dims: number[] = [data.length]): Tensor => ({ dims, type: 'real', data: Float32Array.from(data) });
const n = (data: number[], dims: number[] = [data.length], range?: [number, number]): Tensor => ({
  ...{ dims, type: 'integer', data: Float64Array.from(data) },
  ...(range && { range }),
});
type Attributes = Record<string, Attribute>;

/** The tensor that a node makes of constants; `null` is an input that is left out. */
function fold(operator: string, inputs: readonly (Tensor | null)[], attributes: Attributes = {}, room = 1e6): Tensor {
  const constants = new Map(inputs.flatMap((tensor, i) => (tensor ? [[`t${i}`, tensor]] : [])));
  const names = inputs.map((tensor, i) => (tensor ? `t${i}` : ''));
  const node: Node = { name: 'the node', operator, inputs: names, outputs: ['y'], attributes: new Map(Object.entries(attributes)) };
  return FOLDS[operator](node, { constants, room: { left: room } } as unknown as Lowering);
}

const cube = Array.from({ length: 24 }, (_, i) => i);
const shape = r(cube, [2, 3, 4]);

const CASES: [operator: string, inputs: (Tensor | null)[], attributes: Attributes, result: Tensor][] = [
  ['Identity', [r([1, 2])], {}, r([1, 2])],
  ['Dropout', [r([1, 2])], {}, r([1, 2])],
  ['Constant', [], { value: n([7]) }, n([7])],
  ['Constant', [], { value_float: 0.5 }, r([0.5], [])],
  ['Constant', [], { value_int: 3 }, n([3], [])],
  ['Constant', [], { value_floats: [0.5, 1] }, r([0.5, 1])],
  ['Constant', [], { value_ints: [3, 4] }, n([3, 4])],
  ['Shape', [shape], {}, n([2, 3, 4])],
  ['Shape', [shape], { start: 1 }, n([3, 4])],
  ['Shape', [shape], { start: -2, end: -1 }, n([3])],
  ['Shape', [shape], { end: 2 }, n([2, 3])],
  ['Size', [shape], {}, n([24], [])],
  ['Cast', [r([1.7, -1.7, 0])], { to: 7 }, n([1, -1, 0])],
  ['Cast', [r([0.5, -2, 0])], { to: 9 }, n([1, 1, 0])],
  ['Cast', [n([3, -4])], { to: 1 }, r([3, -4])],
  ['Cast', [n([3, -4])], { to: 10 }, r([3, -4])],
  ['Cast', [n([3, -4])], { to: 11 }, r([3, -4])],
  ['Cast', [n([3, -4])], { to: 16 }, r([3, -4])],
  ['Cast', [n([3, -4])], { to: 6 }, n([3, -4])],
  ['Cast', [r([0.5])], {}, r([0.5])],
  ['Gather', [n([5, 6, 7]), n([2, -3], [2])], {}, n([7, 5])],
  ['Gather', [n([5, 6, 7]), n([1], [])], {}, n([6], [])],
  ['Gather', [shape, n([2, 0])], { axis: 1 }, r([8, 9, 10, 11, 0, 1, 2, 3, 20, 21, 22, 23, 12, 13, 14, 15], [2, 2, 4])],
  ['Gather', [shape, n([3], [])], { axis: -1 }, r([3, 7, 11, 15, 19, 23], [2, 3])],
  ['Gather', [shape, n([1], [1, 1])], { axis: 0 }, r(cube.slice(12), [1, 1, 3, 4])],
  ['Unsqueeze', [r([1, 2])], { axes: [0, -1] }, r([1, 2], [1, 2, 1])],
  ['Unsqueeze', [r([1, 2]), n([1])], {}, r([1, 2], [2, 1])],
  ['Squeeze', [r([1, 2], [1, 2, 1])], {}, r([1, 2], [2])],
  ['Squeeze', [r([1, 2], [1, 2, 1]), n([-1])], {}, r([1, 2], [1, 2])],
  ['Squeeze', [r([1, 2], [1, 2, 1])], { axes: [0] }, r([1, 2], [2, 1])],
  ['Reshape', [shape, n([0, -1])], {}, r(cube, [2, 12])],
  ['Reshape', [r([], [0, 3]), n([0, 5])], { allowzero: 1 }, r([], [0, 5])],
  ['Flatten', [shape], {}, r(cube, [2, 12])],
  ['Flatten', [shape], { axis: -1 }, r(cube, [6, 4])],
  ['Flatten', [shape], { axis: 0 }, r(cube, [1, 24])],
  ['Concat', [n([1, 2]), n([3])], { axis: 0 }, n([1, 2, 3])],
  ['Concat', [r([1, 2, 3, 4], [2, 2]), r([5, 6], [2, 1])], { axis: -1 }, r([1, 2, 5, 3, 4, 6], [2, 3])],
  ['Slice', [n([5, 6, 7, 8]), n([1]), n([3])], {}, n([6, 7])],
  ['Slice', [n([5, 6, 7, 8])], { starts: [-3], ends: [99] }, n([6, 7, 8])],
  ['Slice', [shape, n([1, 0]), n([3, 4]), n([1, 2]), n([1, 3])], {}, r([4, 7, 8, 11, 16, 19, 20, 23], [2, 2, 2])],
  ['Slice', [shape, n([1]), n([2]), n([-3])], {}, r(cube.slice(12), [1, 3, 4])],
  ['Slice', [n([1, 2, 3, 4, 5, 6], [2, 3]), n([-1]), n([-9]), n([0]), n([-1])], {}, n([4, 5, 6, 1, 2, 3], [2, 3])],
  ['Slice', [n([1, 2, 3, 4, 5, 6], [2, 3]), n([2]), n([-9]), n([1]), n([-1])], {}, n([3, 2, 1, 6, 5, 4], [2, 3])],
  ['Transpose', [r([1, 2, 3, 4, 5, 6], [2, 3])], {}, r([1, 4, 2, 5, 3, 6], [3, 2])],
  ['Transpose', [r(cube.slice(0, 12), [2, 3, 2])], { perm: [1, 0, 2] }, r([0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11], [3, 2, 2])],
  ['ConstantOfShape', [n([2, 2])], {}, r([0, 0, 0, 0], [2, 2])],
  ['ConstantOfShape', [n([2])], { value: r([0.5]) }, r([0.5, 0.5])],
  ['ConstantOfShape', [n([2])], { value: n([7]) }, n([7, 7])],
  ['Range', [n([2], []), n([9], []), n([3], [])], {}, n([2, 5, 8])],
  ['Range', [r([1], []), r([0], []), r([-0.5], [])], {}, r([1, 0.5])],
  ['Range', [n([2], []), n([1], []), n([1], [])], {}, n([])],
  ['Expand', [n([1, 2], [2, 1]), n([3])], {}, n([1, 1, 1, 2, 2, 2], [2, 3])],
  ['Expand', [n([1, 2]), n([2, 1])], {}, n([1, 2, 1, 2], [2, 2])],
  ['Neg', [r([1, -2])], {}, r([-1, 2])],
  ['Sqrt', [r([9])], {}, r([3])],
  ['Abs', [r([-9, 4])], {}, r([9, 4])],
  ['Floor', [r([-1.5])], {}, r([-2])],
  ['Ceil', [r([-1.5])], {}, r([-1])],
  ['Round', [r([0.5, 1.5, 2.5, -0.5, 0.7, -1.5])], {}, r([0, 2, 2, 0, 1, -2])],
  ['Sign', [r([-3, 0, 3])], {}, r([-1, 0, 1])],
  ['Reciprocal', [r([4])], {}, r([0.25])],
  ['Exp', [r([0])], {}, r([1])],
  ['Log', [r([1])], {}, r([0])],
  ['Tanh', [r([0])], {}, r([0])],
  ['Sigmoid', [r([0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])], {}, r([0.5, 0, 1])],
  ['Relu', [r([-1, 2])], {}, r([0, 2])],
  ['Not', [n([0, 2])], {}, n([1, 0])],
  ['Add', [r([1, 2]), r([3])], {}, r([4, 5])],
  ['Sum', [r([1]), r([2]), r([4])], {}, r([7])],
  ['Sub', [r([1, 2], [2, 1]), r([1, 2])], {}, r([0, -1, 1, 0], [2, 2])],
  ['Mul', [n([1, 2, 3, 4, 5, 6], [2, 3]), n([10, 100], [2, 1])], {}, n([10, 20, 30, 400, 500, 600], [2, 3])],
  ['Div', [n([7, -7]), n([2])], {}, n([3, -3])],
  ['Div', [r([7]), r([2])], {}, r([3.5])],
  ['Pow', [r([3]), n([2])], {}, r([9])],
  ['Min', [r([1, 5]), r([3]), r([2])], {}, r([1, 2])],
  ['Max', [r([1, 5]), r([3]), r([2])], {}, r([3, 5])],
  ['Equal', [r([1, 2]), r([2])], {}, n([0, 1])],
  ['Greater', [r([1, 2, 3]), r([2])], {}, n([0, 0, 1])],
  ['GreaterOrEqual', [r([1, 2, 3]), r([2])], {}, n([0, 1, 1])],
  ['Less', [r([1, 2, 3]), r([2])], {}, n([1, 0, 0])],
  ['LessOrEqual', [r([1, 2, 3]), r([2])], {}, n([1, 1, 0])],
  ['And', [n([0, 0, 1, 1]), n([0, 1, 0, 1])], {}, n([0, 0, 0, 1])],
  ['Or', [n([0, 0, 1, 1]), n([0, 1, 0, 1])], {}, n([0, 1, 1, 1])],
  ['Where', [n([1, 0]), r([5, 6]), r([7])], {}, r([5, 7])],
  ['ReduceL1', [r([1, -2, 3, -4], [2, 2])], { axes: [0] }, r([4, 6], [1, 2])],
  ['ReduceL2', [r([3, 4])], { keepdims: 0 }, r([5], [])],
  ['ReduceMax', [r([1, 5, 3, 4], [2, 2]), n([-1])], { keepdims: 0 }, r([5, 4])],
  ['ReduceMin', [r([1, 5, 3, 4], [2, 2]), n([-1])], { keepdims: 0 }, r([1, 3])],
  ['ReduceMean', [shape], { axes: [0, 2] }, r([7.5, 11.5, 15.5], [1, 3, 1])],
  ['ReduceProd', [r([2, 3, 4])], {}, r([24])],
  ['ReduceSum', [n([1, 2, 3, 4], [2, 2])], {}, n([10], [1, 1])],
  ['ReduceSum', [n([1, 2])], { noop_with_empty_axes: 1 }, n([1, 2])],
  ['ReduceSumSquare', [r([1, 2, 3])], {}, r([14])],
  ['DequantizeLinear', [n([0, 4]), r([0.5]), n([2])], {}, r([-1, 1])],
  ['DequantizeLinear', [n([1, 2, 3, 4], [2, 2]), r([1, 10]), n([0, 1])], { axis: 0 }, r([1, 2, 20, 30], [2, 2])],
  ['DequantizeLinear', [n([1, 2, 3, 4], [2, 2]), r([1, 10])], {}, r([1, 20, 3, 40], [2, 2])],
  [
    'DequantizeLinear',
    [n([1, 2, 3, 4, 5, 6], [1, 6]), r([1, 10, 100], [1, 3])],
    { axis: -1, block_size: 2 },
    r([1, 2, 30, 40, 500, 600], [1, 6]),
  ],
  ['QuantizeLinear', [r([0.5, 1.5, 300, -1]), r([1])], {}, n([0, 2, 255, 0], [4], [0, 255])],
  ['QuantizeLinear', [r([1, -200, 200]), r([1]), n([3], [1], [-128, 127])], {}, n([4, -128, 127], [3], [-128, 127])],
];

it.each(CASES)('%s %#', (operator, inputs, attributes, result) => {
  const folded = fold(operator, inputs, attributes);
  expect(folded.type).toBe(result.type);
  expect(folded.dims).toEqual(result.dims);
  expect([...folded.data].map((x) => x + 0)).toEqual([...result.data]);
  expect(folded.range).toEqual(result.range);
});

it('every operator of this list has a case', () => {
  expect(new Set(CASES.map(([operator]) => operator))).toEqual(new Set(Object.keys(FOLDS)));
});

describe('what is refused', () => {
  const REFUSED: [operator: string, inputs: (Tensor | null)[], attributes: Attributes, code: string, text: string][] = [
    ['Shape', [null], {}, 'bad-shape', 'input 0 is left out'],
    ['Add', [r([1]), null], {}, 'bad-shape', 'input 1 is left out'],
    ['ReduceSum', [null], {}, 'bad-shape', 'input 0 is left out'],
    ['Concat', [], {}, 'bad-shape', 'no inputs'],
    ['Constant', [], { value_string: 'no' }, 'unsupported-operator', 'a constant of another kind than numbers'],
    ['Gather', [shape, n([0])], { axis: 3 }, 'bad-shape', 'axis 3 of 3 dimensions'],
    ['Gather', [shape, n([0])], { axis: -4 }, 'bad-shape', 'axis -4 of 3 dimensions'],
    ['Gather', [n([5, 6]), n([2])], {}, 'bad-shape', 'an index outside of 2 entries'],
    ['Gather', [n([5, 6]), n([-3])], {}, 'bad-shape', 'an index outside of 2 entries'],
    ['Gather', [n([5, 6]), r([0.5])], {}, 'bad-shape', 'an index outside of 2 entries'],
    ['Concat', [r([1]), n([1])], {}, 'bad-shape', 'sizes 1 and 1'],
    ['Concat', [r([1, 2], [1, 2]), r([1])], {}, 'bad-shape', 'sizes 1×2 and 1'],
    ['Concat', [r([1, 2], [1, 2]), r([1], [1, 1])], {}, 'bad-shape', 'sizes 1×2 and 1×1'],
    ['Unsqueeze', [r([1])], { axes: [2] }, 'bad-shape', 'axes [2]'],
    ['Squeeze', [r([1, 2])], { axes: [0] }, 'bad-shape', 'axes [0] of 2 are not of size 1'],
    ['Reshape', [shape, n([5, -1])], {}, 'bad-shape', 'a reshape of 2×3×4 to [5,-1]'],
    ['Reshape', [shape, n([-1, -1])], {}, 'bad-shape', 'a reshape of 2×3×4 to [-1,-1]'],
    ['Transpose', [shape], { perm: [0, 1] }, 'bad-shape', 'perm [0,1] of 3 dimensions'],
    ['Transpose', [shape], { perm: [0, 1, 1] }, 'bad-shape', 'perm [0,1,1] of 3 dimensions'],
    ['Slice', [shape, n([0]), n([1, 2])], {}, 'bad-shape', 'starts, ends, axes or steps'],
    ['Slice', [shape, n([0]), n([1]), n([0, 1])], {}, 'bad-shape', 'starts, ends, axes or steps'],
    ['Slice', [shape, n([0]), n([1]), n([0]), n([1, 1])], {}, 'bad-shape', 'starts, ends, axes or steps'],
    ['Slice', [shape, n([0])], {}, 'bad-shape', 'starts, ends, axes or steps'],
    ['Slice', [shape], {}, 'bad-shape', 'starts, ends, axes or steps'],
    ['Slice', [shape, n([0]), n([1]), n([3])], {}, 'bad-shape', 'axis 3 of 3 dimensions'],
    ['Slice', [shape, n([0]), n([1]), n([0]), n([0])], {}, 'unsupported-operator', 'step 0'],
    ['Slice', [shape, n([1]), n([-9]), n([1]), n([-1])], {}, 'unsupported-operator', 'part of an axis backwards'],
    ['Slice', [shape, n([-1]), n([-2]), n([1]), n([-1])], {}, 'unsupported-operator', 'part of an axis backwards'],
    ['ConstantOfShape', [n([2])], { value: r([1, 2]) }, 'bad-shape', 'a value of 2 numbers'],
    ['ConstantOfShape', [n([-1])], {}, 'bad-shape', 'a shape of [-1]'],
    ['ConstantOfShape', [r([0.5])], {}, 'bad-shape', 'a shape of [0.5]'],
    ['ConstantOfShape', [n(new Array(17).fill(1))], {}, 'bad-shape', 'a shape of [1,1'],
    ['Range', [n([0], []), n([1], []), n([0], [])], {}, 'bad-shape', 'a range of Infinity numbers'],
    ['Expand', [n([1, 2]), n([3])], {}, 'bad-shape', '2 to 3'],
    ['Add', [r([1, 2]), r([1, 2, 3])], {}, 'bad-shape', '2 with 3'],
    ['ReduceSum', [shape], { axes: [3] }, 'bad-shape', 'axes [3] of 3 dimensions'],
    ['ReduceSum', [shape], { axes: [-4] }, 'bad-shape', 'axes [-4] of 3 dimensions'],
    ['DequantizeLinear', [n([1, 2]), r([1, 2]), n([1])], {}, 'bad-shape', '1 zero points for 2 scales'],
    ['DequantizeLinear', [shape, r([1, 2])], {}, 'bad-shape', '2 scales along axis 1 of 2×3×4'],
    ['DequantizeLinear', [shape, r([1, 2])], { block_size: 2 }, 'bad-shape', 'scales 2 in blocks of 2'],
    ['QuantizeLinear', [r([1]), r([1]), n([0])], {}, 'unsupported-operator', 'a zero point of this type'],
  ];

  it.each(REFUSED)('%s %#', (operator, inputs, attributes, code, text) => {
    const error = refusalOf(() => fold(operator, inputs, attributes));
    expect(error).toMatchObject({ code, where: `node "the node" (${operator})` });
    expect(error.message).toContain(text);
    expect(error.remedy).not.toBe('');
  });

  // what each makes: a number too many
  it.each([
    ['Cast', [r([1, 2, 3])], { to: 7 }, 3],
    ['Neg', [r([1, 2, 3])], {}, 3],
    ['Add', [r([1, 2, 3]), r([1])], {}, 3],
    ['Gather', [n([5]), n([0, 0, 0])], {}, 3],
    ['Concat', [n([1, 2]), n([3])], {}, 3],
    ['ConstantOfShape', [n([3])], {}, 3],
    ['Range', [n([0], []), n([3], []), n([1], [])], {}, 3],
    ['Expand', [n([1]), n([3])], {}, 3],
    ['ReduceSum', [n([1, 2, 3, 4, 5, 6], [2, 3])], { axes: [0] }, 3],
    ['QuantizeLinear', [r([1, 2, 3]), r([1])], {}, 3],
  ] as const)('more room than there is: %s', (operator, inputs, attributes, room) => {
    fold(operator, inputs, attributes, room);
    expect(refusalOf(() => fold(operator, inputs, attributes, room - 1))).toMatchObject({ code: 'too-large' });
  });
});
