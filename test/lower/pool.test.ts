/** Pools and reductions in small networks, against ONNX Runtime on the same bytes. */

import { describe, it } from 'vitest';
import { buildOnnx, whole } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { between, floats, head, node, relu, weights } from '../helpers/onnx-networks.ts';
import { expectSpikesAgree } from '../helpers/onnx-spikes.ts';

const ROWS: [name: string, bytes: () => Uint8Array][] = [
  ['MaxPool', () => between(4 * 9, [node('MaxPool', ['a'], 'z', { kernel_shape: [3, 3], strides: [2, 2] })])],
  [
    'MaxPool with padding',
    () => between(4 * 16, [node('MaxPool', ['a'], 'z', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })]),
  ],
  [
    'MaxPool with ceil_mode',
    () => between(4 * 16, [node('MaxPool', ['a'], 'z', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })]),
  ],
  ...(['MaxPool', 'AveragePool'] as const).map((op): (typeof ROWS)[number] => [
    // a mean behind it, since ONNX's own shape inference counts the window that its operators leave out
    `${op} with ceil_mode whose last window would begin behind the map`,
    () =>
      between(4, [
        node(op, ['a'], 'p', { kernel_shape: [2, 2], strides: [2, 3], pads: [0, 1, 1, 1], ceil_mode: 1 }),
        node('GlobalAveragePool', ['p'], 'z'),
      ]),
  ]),
  ['MaxPool with dilation', () => between(4 * 16, [node('MaxPool', ['a'], 'z', { kernel_shape: [3, 3], dilations: [2, 2] })])],
  [
    'MaxPool before Relu',
    () =>
      between(
        4 * 16,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
          node('MaxPool', ['c'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }),
          relu('p'),
        ],
        weights(4, 4, 3, 3),
      ),
  ],
  [
    'MaxPool twice before Clip',
    () =>
      between(
        4 * 4,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
          node('MaxPool', ['c'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }),
          node('MaxPool', ['p'], 'q', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
          node('Clip', ['q', 'lo', 'hi'], 'z'),
        ],
        { ...weights(4, 4, 3, 3), lo: floats([0]), hi: floats([0.6]) },
      ),
  ],
  [
    'MaxPool of the input',
    () =>
      buildOnnx({
        nodes: [node('MaxPool', ['x'], 'z', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }), ...head(48).nodes],
        tensors: head(48).tensors,
      }),
  ],
  ['AveragePool', () => between(4 * 16, [node('AveragePool', ['a'], 'z', { kernel_shape: [2, 2], strides: [2, 2] })])],
  [
    'AveragePool, padding not counted',
    () => between(256, [node('AveragePool', ['a'], 'z', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })]),
  ],
  [
    'AveragePool, padding counted',
    () => between(256, [node('AveragePool', ['a'], 'z', { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 })]),
  ],
  [
    'AveragePool with ceil_mode',
    () => between(4 * 16, [node('AveragePool', ['a'], 'z', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })]),
  ],
  [
    'AveragePool with ceil_mode, padding counted',
    () => {
      const attributes = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 0, 1, 0], ceil_mode: 1, count_include_pad: 1 };
      return between(4 * 20, [node('AveragePool', ['a'], 'z', attributes)]);
    },
  ],
  [
    'AveragePool with ceil_mode and padding that is not counted',
    () =>
      between(4 * 25, [
        node('AveragePool', ['a'], 'z', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 }),
      ]),
  ],
  [
    'AveragePool 5×5, padding not counted: four divisors a side',
    () => between(4 * 16, [node('AveragePool', ['a'], 'z', { kernel_shape: [5, 5], strides: [2, 2], pads: [2, 2, 2, 2] })]),
  ],
  [
    'AveragePool 7×7, padding not counted: in two steps',
    () => between(256, [node('AveragePool', ['a'], 'z', { kernel_shape: [7, 7], pads: [3, 3, 3, 3] })]),
  ],
  [
    'GlobalMaxPool of a sum without ReLU',
    () =>
      between(
        4,
        [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('GlobalMaxPool', ['c'], 'z')],
        weights(4, 4, 3, 3),
      ),
  ],
  [
    'AveragePool behind Pad: the border counts, padding does not',
    () =>
      between(
        4 * 100,
        [node('Pad', ['a', 'p'], 'b'), node('AveragePool', ['b'], 'z', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })],
        { p: whole([0, 0, 1, 1, 0, 0, 1, 1]) },
      ),
  ],
  [
    'AveragePool of a sum without ReLU, padding not counted',
    () =>
      between(
        256,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
          node('AveragePool', ['c'], 'z', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
        ],
        weights(4, 4, 3, 3),
      ),
  ],
  [
    'AveragePool of AveragePool, windows side by side',
    () =>
      between(4 * 4, [
        node('AveragePool', ['a'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }),
        node('AveragePool', ['p'], 'z', { kernel_shape: [2, 2], strides: [2, 2] }),
      ]),
  ],
  [
    'AveragePool of AveragePool, windows that overlap',
    () =>
      between(4 * 16, [
        node('AveragePool', ['a'], 'p', { kernel_shape: [3, 3] }),
        node('AveragePool', ['p'], 'z', { kernel_shape: [3, 3] }),
      ]),
  ],
  [
    'MaxPool of AveragePool',
    () =>
      between(4 * 9, [
        node('AveragePool', ['a'], 'p', { kernel_shape: [2, 2] }),
        node('MaxPool', ['p'], 'z', { kernel_shape: [3, 3], strides: [2, 2] }),
      ]),
  ],
  [
    'AveragePool of the input',
    () =>
      buildOnnx({
        nodes: [node('AveragePool', ['x'], 'z', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }), ...head(48).nodes],
        tensors: head(48).tensors,
      }),
  ],
  [
    'AveragePool of a pointwise sum',
    () =>
      between(
        4 * 16,
        [
          node('Conv', ['a', 'w', 'b'], 'c'),
          node('Add', ['c', 'a'], 's'),
          node('AveragePool', ['s'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }),
          relu('p'),
        ],
        weights(4, 4, 1, 1),
      ),
  ],
  [
    'AveragePool with padding not counted, of a pointwise sum',
    () =>
      between(
        256,
        [
          node('Conv', ['a', 'w', 'b'], 'c'),
          node('AveragePool', ['c'], 'p', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
          relu('p'),
        ],
        weights(4, 4, 1, 1),
      ),
  ],
  ['GlobalAveragePool', () => between(4, [node('GlobalAveragePool', ['a'], 'z')])],
  ['GlobalMaxPool', () => between(4, [node('GlobalMaxPool', ['a'], 'z')])],
  [
    'GlobalAveragePool of a pointwise sum',
    () => between(6, [node('Conv', ['a', 'w', 'b'], 'c'), node('GlobalAveragePool', ['c'], 'p'), relu('p')], weights(6, 4, 1, 1)),
  ],
  ['ReduceMean, dims kept', () => between(4, [node('ReduceMean', ['a'], 'z', { axes: [2, 3] })])],
  ['ReduceMean, dims dropped', () => between(4, [node('ReduceMean', ['a'], 'z', { axes: [-1, -2], keepdims: 0 })])],
  [
    'ReduceMean, one axis after the other',
    () =>
      between(4, [
        node('ReduceMean', ['a'], 'h', { axes: [2], keepdims: 0 }),
        node('ReduceMean', ['h'], 'z', { axes: [2], keepdims: 0 }),
      ]),
  ],
  [
    'ReduceMean, axes as input',
    () => between(4, [node('ReduceMean', ['a', 'axes'], 'z', { keepdims: 0 })], { axes: whole([2, 3]) }, { opset: 18 }),
  ],
  ['ReduceMax', () => between(4, [node('ReduceMax', ['a'], 'z', { axes: [2, 3], keepdims: 0 })])],
];

describe('pools and reductions', () => {
  it.each(ROWS)('%s', async (_, bytes) => {
    expectSpikesAgree(await expectSameAsOnnx(bytes()));
  });
});
