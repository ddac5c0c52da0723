/** Element-wise arithmetic on constants, with broadcasting. */

import { elementCount, type Node, type Tensor } from '../../graph/graph.ts';
import { constantInput } from '../inputs.ts';
import { badShape, type Lowering, takeRoom } from '../lowering.ts';

type Fold = (node: Node, lowering: Lowering) => Tensor;

const unary =
  (compute: (x: number) => number): Fold =>
  (node, lowering) => {
    const x = required(node, 0, lowering);
    takeRoom(lowering, x.data.length, node);
    return { ...x, data: x.data.map(compute) };
  };

const binary =
  (compute: Compute, type?: Tensor['type']): Fold =>
  (node, lowering) =>
    node.inputs
      .slice(1)
      .reduce<Tensor>(
        (a, _, i) => broadcast(node, lowering, a, required(node, i + 1, lowering), compute, type),
        required(node, 0, lowering),
      );

/** Operators of one constant. */
export const fold1: Readonly<Record<string, Fold>> = {
  Neg: unary((x) => -x),
  Sqrt: unary(Math.sqrt),
  Abs: unary(Math.abs),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundToEven),
  Sign: unary(Math.sign),
  Reciprocal: unary((x) => 1 / x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Relu: unary((x) => Math.max(x, 0)),
  Not: unary((x) => Number(x === 0)),
};

/** The nearest whole number; halves go to the even one. */
export function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/** Operators of two constants (Add, Sum, Min and Max of more). */
export const fold2: Readonly<Record<string, Fold>> = {
  Add: binary((a, b) => a + b),
  Sum: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b, type) => (type === 'integer' ? Math.trunc(a / b) : a / b)),
  Pow: binary((a, b) => a ** b),
  Min: binary((a, b) => Math.min(a, b)),
  Max: binary((a, b) => Math.max(a, b)),
  Equal: binary((a, b) => Number(a === b), 'integer'),
  Greater: binary((a, b) => Number(a > b), 'integer'),
  GreaterOrEqual: binary((a, b) => Number(a >= b), 'integer'),
  Less: binary((a, b) => Number(a < b), 'integer'),
  LessOrEqual: binary((a, b) => Number(a <= b), 'integer'),
  And: binary((a, b) => Number(a !== 0 && b !== 0)),
  Or: binary((a, b) => Number(a !== 0 || b !== 0)),
  Where: foldWhere,
};

/** Of two constants, element by element, the first where a third is true. */
function foldWhere(node: Node, lowering: Lowering): Tensor {
  const [condition, yes, no] = [0, 1, 2].map((i) => required(node, i, lowering));
  const pick = (kept: number) => (chosen: number, x: number) => (chosen === kept ? x : 0);
  const parts = [
    broadcast(node, lowering, condition, yes, pick(1), yes.type),
    broadcast(node, lowering, condition, no, pick(0), no.type),
  ];
  return broadcast(node, lowering, parts[0], parts[1], (a, b) => a + b);
}

function required(node: Node, index: number, lowering: Lowering): Tensor {
  const tensor = constantInput(node, index, lowering);
  if (!tensor) throw badShape(node, `input ${index} is left out`);
  return tensor;
}

type Compute = (a: number, b: number, type: Tensor['type']) => number;

function broadcast(node: Node, lowering: Lowering, a: Tensor, b: Tensor, compute: Compute, type = a.type): Tensor {
  const rank = Math.max(a.dims.length, b.dims.length);
  const [left, right] = [a, b].map(({ dims }) => [...new Array<number>(rank - dims.length).fill(1), ...dims]);
  const dims = left.map((d, i) => (d === 1 ? right[i] : d));
  if (dims.some((d, i) => right[i] !== 1 && right[i] !== d)) throw badShape(node, `${a.dims.join('×')} with ${b.dims.join('×')}`);
  const count = elementCount(dims);
  takeRoom(lowering, count, node);
  const position = (own: readonly number[], i: number) => {
    let at = 0;
    let rest = i;
    let stride = 1;
    for (let k = rank - 1; k >= 0; k--) {
      const along = rest % dims[k];
      rest = Math.floor(rest / dims[k]);
      if (own[k] !== 1) at += along * stride;
      stride *= own[k];
    }
    return at;
  };
  const data = type === 'real' ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = compute(a.data[position(left, i)], b.data[position(right, i)], a.type);
  return { dims, type, data };
}
