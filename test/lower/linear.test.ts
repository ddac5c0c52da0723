/** Conv, Gemm, MatMul and BatchNormalization in small networks, against ONNX Runtime on the same bytes. */

import { describe, it } from 'vitest';
import { buildOnnx } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { between, bn, conv, node, random, relu, stem, stemTensors, weights } from '../helpers/onnx-networks.ts';

const ROWS: [name: string, bytes: () => Uint8Array][] = [
  ['Conv 3×3', () => between(4 * 36, conv({}), weights(4, 4, 3, 3))],
  [
    'Conv with stride 2 and one-sided padding',
    () => between(2 * 16, conv({ strides: [2, 2], pads: [1, 0, 0, 1] }), weights(2, 4, 2, 2)),
  ],
  ['Conv with dilation', () => between(4 * 16, conv({ dilations: [2, 2] }), weights(4, 4, 3, 3))],
  ['Conv in groups', () => between(6 * 64, conv({ group: 2, pads: [1, 1, 1, 1] }), weights(6, 2, 3, 3))],
  ['Conv depthwise', () => between(8 * 64, conv({ group: 4, pads: [1, 1, 1, 1] }), weights(8, 1, 3, 3))],
  ['Conv SAME_UPPER', () => between(4 * 16, conv({ auto_pad: 'SAME_UPPER', strides: [2, 2] }), weights(4, 4, 3, 3))],
  ['Conv SAME_LOWER', () => between(4 * 16, conv({ auto_pad: 'SAME_LOWER', strides: [2, 2] }), weights(4, 4, 3, 3))],
  ['Conv VALID', () => between(4 * 35, conv({ auto_pad: 'VALID' }), weights(4, 4, 2, 4))],
  [
    'BatchNormalization behind Conv',
    () =>
      between(
        4 * 64,
        [
          node('Conv', ['a', 'w'], 'c', { pads: [1, 1, 1, 1] }),
          node('BatchNormalization', ['c', 's', 'o', 'm', 'v'], 'n', { epsilon: { real: 0.001 } }),
          relu('n'),
        ],
        { w: random(4, 4, 3, 3), ...bn(4) },
      ),
  ],
  [
    'BatchNormalization by itself',
    () => between(256, [node('BatchNormalization', ['a', 's', 'o', 'm', 'v'], 'n'), relu('n')], bn(4)),
  ],
  [
    'BatchNormalization before Conv without padding',
    () =>
      between(4 * 36, [node('BatchNormalization', ['a', 's', 'o', 'm', 'v'], 'n'), node('Conv', ['n', 'w', 'b'], 'c'), relu('c')], {
        ...bn(4),
        ...weights(4, 4, 3, 3),
      }),
  ],
  [
    'Gemm without transB, with alpha and beta',
    () =>
      buildOnnx({
        nodes: [
          ...stem,
          node('Flatten', ['a'], 'f'),
          node('Gemm', ['f', 'w', 'b'], 'y', { alpha: { real: 0.5 }, beta: { real: 2 } }),
        ],
        tensors: { ...stemTensors(), w: random(256, 5), b: random(1, 5) },
      }),
  ],
  [
    'Gemm behind Gemm with ReLU',
    () =>
      buildOnnx({
        input: ['N', 7],
        nodes: [node('Gemm', ['x', 'w', 'b'], 'h', { transB: 1 }), relu('h', 'r'), node('Gemm', ['r', 'v'], 'y', { transB: 1 })],
        tensors: { ...weights(9, 7), v: random(5, 9) },
      }),
  ],
  [
    'MatMul and Add',
    () =>
      buildOnnx({
        nodes: [...stem, node('Flatten', ['a'], 'f'), node('MatMul', ['f', 'w'], 'm'), node('Add', ['m', 'b'], 'y')],
        tensors: { ...stemTensors(), w: random(256, 5), b: random(5) },
      }),
  ],
];

describe('Conv, Gemm, MatMul and BatchNormalization', () => {
  it.each(ROWS)('%s', async (_, bytes) => {
    await expectSameAsOnnx(bytes());
  });
});
