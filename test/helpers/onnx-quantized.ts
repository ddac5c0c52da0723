/** Pieces of quantised ONNX networks whose sums f32 holds exactly: weights, scales and images are multiples of powers of two. */

import fc from 'fast-check';
import { buildOnnx, integers, type ModelSpec, type NodeSpec, real, type TensorSpec } from './onnx-builder.ts';
import { randomNumbers } from './onnx-compare.ts';
import { node, relu } from './onnx-networks.ts';

/** ONNX's numbers of element types. */
export const TYPE = { uint8: 2, int8: 3, uint16: 4, int16: 5, uint4: 21, int4: 22 } as const;

/** How a pair of QuantizeLinear and DequantizeLinear rounds. */
export interface PairSpec {
  readonly scale: number;
  readonly zero?: number;
  readonly type?: keyof typeof TYPE;
}

/** Nodes from `from` to `to`, whose integers are "<to>_q", and their tensors. */
export function pair(from: string, to: string, { scale, zero = 0, type = 'uint8' }: PairSpec) {
  const numbers = [`${to}_s`, `${to}_z`];
  const nodes: NodeSpec[] = [
    node('QuantizeLinear', [from, ...numbers], `${to}_q`),
    node('DequantizeLinear', [`${to}_q`, ...numbers], to),
  ];
  const bytes = type.endsWith('16') ? Int16Array.of(zero) : Int8Array.of(type.endsWith('4') ? zero & 15 : zero);
  const tensors: Record<string, TensorSpec> = { [numbers[0]]: real([], [scale]), [numbers[1]]: integers(TYPE[type], [], bytes) };
  return { nodes, tensors };
}

/** Weights of 7 bits times 2^-6, the same for the same seed. */
export const coarse = (dims: readonly number[], seed: number, step = 2 ** -6): TensorSpec => {
  const count = dims.reduce((a, b) => a * b, 1);
  return real(
    dims,
    randomNumbers(count, seed).map((v) => Math.round(v * 63) * step),
  );
};

/** Images of multiples of 2^-6 from −1 to 1. */
export const coarseImages = (count: number, seed: number): Float32Array =>
  randomNumbers(count, seed).map((v) => Math.round(v * 64) / 64);

/** What a network below has besides. */
interface More extends Partial<ModelSpec> {
  /** Nodes behind the logits "y". */
  readonly behind?: readonly NodeSpec[];
  /** Whether its last activation is quantised too. */
  readonly quantised?: boolean;
}

/** A convolution from "x" (3 × 8 × 8) to "c" (4 × 8 × 8), what is between, and from "z" a padded convolution, ReLU and logits. */
export function network(
  between: NodeSpec[],
  tensors: Record<string, TensorSpec>,
  { behind = [], quantised = false, ...more }: More = {},
): Uint8Array {
  const last = pair('r', 'e', { scale: 2 ** -4 });
  return buildOnnx({
    nodes: [
      node('Conv', ['x', 'w0', 'b0'], 'c', { pads: [1, 1, 1, 1] }),
      ...between,
      node('Conv', ['z', 'w1', 'b1'], 'd', { pads: [1, 1, 1, 1] }),
      ...(quantised ? [relu('d', 'r'), ...last.nodes] : [relu('d', 'e')]),
      node('GlobalAveragePool', ['e'], 'g'),
      node('Flatten', ['g'], 'f'),
      node('Gemm', ['f', 'w2', 'b2'], 'y', { transB: 1 }),
      ...behind,
    ],
    tensors: {
      ...{ w0: coarse([4, 3, 3, 3], 1), b0: coarse([4], 2), w1: coarse([4, 4, 3, 3], 3), b1: coarse([4], 4) },
      ...{ w2: coarse([5, 4], 5), b2: coarse([5], 6), ...last.tensors, ...tensors },
    },
    ...more,
  });
}

/** Nodes and tensors of several pieces. */
export const pieces = (...all: (NodeSpec | ReturnType<typeof pair>)[]): [NodeSpec[], Record<string, TensorSpec>] => [
  all.flatMap((piece) => ('nodes' in piece ? piece.nodes : [piece])),
  Object.assign({}, ...all.map((piece) => ('nodes' in piece ? piece.tensors : {}))),
];

/** One step of a random network: an operator and the numbers that it is made with. */
export const STEP = fc.record({
  operator: fc.constantFrom('conv', 'conv-relu', 'max', 'average', 'add', 'concat'),
  pick: fc.nat(100),
  scale: fc.integer({ min: 2, max: 5 }),
  type: fc.constantFrom(
    ...([
      ['uint8', 0],
      ['uint8', 128],
      ['uint8', 64],
      ['int8', 0],
      ['int8', -128],
    ] as const),
  ),
});

/** Every step reads earlier maps and leaves a quantised one. Zero points are even, so that halves go where ONNX takes them. */
export function grow(steps: readonly (typeof STEP extends fc.Arbitrary<infer S> ? S : never)[]): Uint8Array {
  const all: Parameters<typeof pieces>[number][] = [pair('c', 'm0', { scale: 2 ** -5 })];
  const weights: Record<string, TensorSpec> = {};
  const maps = ['m0'];
  steps.forEach(({ operator, pick, scale, type: [type, zero] }, i) => {
    const [from, other] = [maps[pick % maps.length], maps[(pick >> 2) % maps.length]];
    const out = `o${i}`;
    const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    const convolve = (inputs: string[], channels: number, to: string) => {
      weights[`k${i}`] = coarse([4, channels, 3, 3], i);
      return node('Conv', [...inputs, `k${i}`], to, window);
    };
    if (operator === 'conv') all.push(convolve([from], 4, out));
    else if (operator === 'conv-relu') all.push(convolve([from], 4, `h${i}`), relu(`h${i}`, out));
    else if (operator === 'max') all.push(node('MaxPool', [from], out, window));
    // the divisor is a power of two
    else if (operator === 'average')
      all.push(node('AveragePool', [from], out, { kernel_shape: [2, 2], pads: [0, 0, 1, 1], count_include_pad: 1 }));
    else if (operator === 'add') all.push(node('Add', [from, other], out));
    else all.push(node('Concat', [from, other], `h${i}`, { axis: 1 }), convolve([`h${i}`], 8, out));
    all.push(pair(out, `m${i + 1}`, { scale: 2 ** -scale, zero, type }));
    maps.push(`m${i + 1}`);
  });
  const [nodes, tensors] = pieces(...all, node('Identity', [maps[maps.length - 1]], 'z'));
  return network(nodes, { ...tensors, ...weights }, { quantised: true });
}
