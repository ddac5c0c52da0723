/** Activations, arithmetic and joins in small networks, against ONNX Runtime on the same bytes. */

import { describe, it } from 'vitest';
import { whole } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { between, bn, floats, node, random, relu, weights } from '../helpers/onnx-networks.ts';

const ROWS: [name: string, bytes: () => Uint8Array][] = [
  ['Relu twice', () => between(256, [relu('a', 'r'), relu('r')])],
  [
    'Clip with inputs',
    () =>
      between(256, [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('Clip', ['c', 'lo', 'hi'], 'z')], {
        ...weights(4, 4, 3, 3),
        lo: floats([0]),
        hi: floats([0.5]),
      }),
  ],
  [
    'Clip with attributes',
    () => between(256, [node('Clip', ['a'], 'z', { min: { real: 0 }, max: { real: 0.25 } })], {}, { opset: 9 }),
  ],
  [
    'Clip without upper bound',
    () =>
      between(256, [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('Clip', ['c', 'lo'], 'z')], {
        ...weights(4, 4, 3, 3),
        lo: floats([0]),
      }),
  ],
  ['Min behind Relu', () => between(256, [node('Min', ['a', 'hi'], 'z')], { hi: floats([0.3]) })],
  [
    'Min behind Relu whose unbounded output is used too',
    () => between(256, [node('Min', ['a', 'hi'], 'm'), node('Add', ['m', 'a'], 's'), relu('s')], { hi: floats([0.3]) }),
  ],
  [
    'Min behind an average pool',
    () =>
      between(64, [node('AveragePool', ['a'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }), node('Min', ['hi', 'p'], 'z')], {
        hi: floats([0.2]),
      }),
  ],
  [
    'Max with zero',
    () =>
      between(256, [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('Max', ['c', 'zero'], 'z')], {
        ...weights(4, 4, 3, 3),
        zero: floats([0]),
      }),
  ],
  [
    'Add of a shortcut',
    () =>
      between(
        256,
        [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('Add', ['c', 'a'], 's'), relu('s')],
        weights(4, 4, 3, 3),
      ),
  ],
  ['Add of a tensor to itself', () => between(256, [node('Add', ['a', 'a'], 's'), relu('s')])],
  ['Add of a bias a channel', () => between(256, [node('Add', ['a', 'k'], 's'), relu('s')], { k: random(1, 4, 1, 1) })],
  ['Add of one number', () => between(256, [node('Add', ['k', 'a'], 's'), relu('s')], { k: floats([-0.1]) })],
  [
    'Sum of three',
    () =>
      between(
        256,
        [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('Sum', ['c', 'a', 'a'], 's'), relu('s')],
        weights(4, 4, 3, 3),
      ),
  ],
  [
    'Sub of activations',
    () =>
      between(
        256,
        [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('Sub', ['a', 'c'], 's'), relu('s')],
        weights(4, 4, 3, 3),
      ),
  ],
  ['Sub of a constant', () => between(256, [node('Sub', ['a', 'k'], 's'), relu('s')], { k: floats([0.2]) })],
  ['Sub from a constant', () => between(256, [node('Sub', ['k', 'a'], 's'), relu('s')], { k: floats([0.2]) })],
  ['Mul by a constant a channel', () => between(256, [node('Mul', ['a', 'k'], 's'), relu('s')], { k: random(4, 1, 1) })],
  ['Div by a constant', () => between(256, [node('Div', ['a', 'k'], 's'), relu('s')], { k: floats([2.5]) })],
  [
    'Concat',
    () =>
      between(
        10 * 64,
        [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), relu('c', 'r'), node('Concat', ['a', 'r'], 'z', { axis: 1 })],
        weights(6, 4, 3, 3),
      ),
  ],
  [
    'Relu, BatchNormalization and Conv over Concat',
    () =>
      between(
        3 * 64,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
          node('Concat', ['c', 'a'], 'k', { axis: -3 }),
          node('BatchNormalization', ['k', 's', 'o', 'm', 'v'], 'n'),
          relu('n', 'r'),
          node('Conv', ['r', 'w2', 'b2'], 'c2', { pads: [1, 1, 1, 1] }),
          relu('c2'),
        ],
        { ...weights(6, 4, 3, 3), ...bn(10), w2: random(3, 10, 3, 3), b2: random(3) },
      ),
  ],
  [
    'Conv in groups over Concat',
    () =>
      between(
        4 * 64,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
          relu('c', 'r'),
          node('Concat', ['a', 'r'], 'k', { axis: 1 }),
          node('Conv', ['k', 'w2', 'b2'], 'c2', { group: 2 }),
          relu('c2'),
        ],
        { ...weights(6, 4, 3, 3), w2: random(4, 5, 1, 1), b2: random(4) },
      ),
  ],
  [
    'Add of tensors of different parting',
    () =>
      between(
        10 * 64,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
          relu('c', 'r'),
          node('Concat', ['a', 'r'], 'k', { axis: 1 }),
          node('Concat', ['r', 'a'], 'l', { axis: 1 }),
          node('Conv', ['k', 'w2', 'b2'], 'c2', { pads: [1, 1, 1, 1], group: 2 }),
          node('Add', ['k', 'l'], 's'),
          node('Add', ['s', 'c2'], 't'),
          relu('t'),
        ],
        { ...weights(6, 4, 3, 3), w2: random(10, 5, 3, 3), b2: random(10) },
      ),
  ],
  [
    'Concat of flattened maps',
    () =>
      between(256 + 4, [
        node('Flatten', ['a'], 'fa'),
        node('GlobalAveragePool', ['a'], 'p'),
        node('Flatten', ['p'], 'fp'),
        node('Concat', ['fa', 'fp'], 'z', { axis: 1 }),
      ]),
  ],
  [
    'Pooled Concat',
    () =>
      between(
        10 * 16,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
          relu('c', 'r'),
          node('Concat', ['a', 'r'], 'k', { axis: 1 }),
          node('AveragePool', ['k'], 'z', { kernel_shape: [2, 2], strides: [2, 2] }),
        ],
        weights(6, 4, 3, 3),
      ),
  ],
  [
    'Slice of channels behind Conv and Concat',
    () =>
      between(
        5 * 64,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { group: 2 }),
          node('Concat', ['c', 'a'], 'k', { axis: 1 }),
          node('Slice', ['k', 's', 'e', 'ax', 'st'], 'q'),
          relu('q'),
        ],
        { ...weights(6, 2, 1, 1), s: whole([1]), e: whole([10]), ax: whole([1]), st: whole([2]) },
      ),
  ],
];

describe('activations, arithmetic and joins', () => {
  it.each(ROWS)('%s', async (_, bytes) => {
    await expectSameAsOnnx(bytes());
  });
});
