/** Reshape, Pad, Slice and others that only move values in small networks, against ONNX Runtime on the same bytes. */

import { describe, expect, it } from 'vitest';
import { whole } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { between, floats, node, relu, weights } from '../helpers/onnx-networks.ts';

const ROWS: [name: string, bytes: () => Uint8Array][] = [
  ['Reshape to a vector', () => between(256, [node('Reshape', ['a', 'to'], 'z')], { to: whole([0, -1]) })],
  [
    'Reshape by shape arithmetic',
    () =>
      between(
        256,
        [
          node('Shape', ['a'], 'sh'),
          node('Gather', ['sh', 'zero'], 'n', { axis: 0 }),
          node('Unsqueeze', ['n'], 'nu', { axes: [0] }),
          node('Constant', [], 'minus', { value: { tensor: whole([-1]) } }),
          node('Concat', ['nu', 'minus'], 'to', { axis: 0 }),
          node('Reshape', ['a', 'to'], 'z'),
        ],
        { zero: whole([0], []) },
        { opset: 11 },
      ),
  ],
  [
    'Squeeze and Unsqueeze',
    () =>
      between(4, [node('GlobalAveragePool', ['a'], 'p'), node('Squeeze', ['p', 'ax'], 'q'), node('Unsqueeze', ['q', 'ax'], 'z')], {
        ax: whole([2, 3]),
      }),
  ],
  [
    'Squeeze with attributes',
    () => between(4, [node('GlobalAveragePool', ['a'], 'p'), node('Squeeze', ['p'], 'z', { axes: [2, 3] })], {}, { opset: 11 }),
  ],
  [
    'Transpose of sizes 1',
    () => between(4, [node('GlobalAveragePool', ['a'], 'p'), node('Transpose', ['p'], 'z', { perm: [0, 1, 3, 2] })]),
  ],
  [
    'Identity, Dropout and Cast',
    () => between(256, [node('Identity', ['a'], 'i'), node('Dropout', ['i'], 'd'), node('Cast', ['d'], 'z', { to: 1 })]),
  ],
  [
    'Pad before Conv',
    () =>
      between(4 * 64, [node('Pad', ['a', 'p'], 'q'), node('Conv', ['q', 'w', 'b'], 'c'), relu('c')], {
        p: whole([0, 0, 1, 1, 0, 0, 1, 1]),
        ...weights(4, 4, 3, 3),
      }),
  ],
  [
    'Pad with attributes before SAME_UPPER',
    () =>
      between(
        4 * 25,
        [
          node('Pad', ['a'], 'q', { pads: [0, 0, 1, 0, 0, 0, 0, 2] }),
          node('Conv', ['q', 'w', 'b'], 'c', { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
          relu('c'),
        ],
        weights(4, 4, 3, 3),
        { opset: 9 },
      ),
  ],
  [
    'Pad before MaxPool',
    () =>
      between(4 * 16, [node('Pad', ['a', 'p'], 'q'), node('MaxPool', ['q'], 'z', { kernel_shape: [3, 3], strides: [2, 2] })], {
        p: whole([0, 0, 0, 0, 0, 0, 1, 1]),
      }),
  ],
  [
    'Pad before AveragePool',
    () =>
      between(4 * 16, [node('Pad', ['a', 'p'], 'q'), node('AveragePool', ['q'], 'z', { kernel_shape: [3, 3], strides: [2, 2] })], {
        p: whole([0, 0, 1, 1, 0, 0, 0, 0]),
      }),
  ],
  [
    'Pad with axes',
    () =>
      between(
        4 * 64,
        [node('Pad', ['a', 'p', '', 'ax'], 'q'), node('Conv', ['q', 'w', 'b'], 'c'), relu('c')],
        { p: whole([1, 1, 1, 1]), ax: whole([2, 3]), ...weights(4, 4, 3, 3) },
        { opset: 18 },
      ),
  ],
  [
    'Pad that no window takes in',
    () =>
      between(4 * 100, [node('Pad', ['a', 'p'], 'q'), node('Add', ['q', 'q'], 't'), relu('t')], {
        p: whole([0, 0, 1, 1, 0, 0, 1, 1]),
      }),
  ],
  [
    'Slice with strides',
    () =>
      between(4 * 16, [node('Slice', ['a', 's', 'e', 'ax', 'st'], 'q'), relu('q')], {
        s: whole([0, 0]),
        e: whole([2 ** 31, 2 ** 31]),
        ax: whole([2, 3]),
        st: whole([2, 2]),
      }),
  ],
  [
    'Slice with a start and an end',
    () =>
      between(4 * 3 * 2, [node('Slice', ['a', 's', 'e', 'ax', 'st'], 'q'), relu('q')], {
        s: whole([1, 2]),
        e: whole([6, -2]),
        ax: whole([2, 3]),
        st: whole([2, 3]),
      }),
  ],
  [
    'Slice of a crop',
    () =>
      between(4 * 4, [node('Slice', ['a', 's', 'e', 'ax'], 'q'), relu('q')], {
        s: whole([1, 2]),
        e: whole([3, 4]),
        ax: whole([2, 3]),
      }),
  ],
  [
    'Slice behind a padded Conv',
    () =>
      between(
        4 * 3 * 2,
        [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('Slice', ['c', 's', 'e', 'ax', 'st'], 'q'), relu('q')],
        { ...weights(4, 4, 3, 3), s: whole([2, 3]), e: whole([7, 6]), ax: whole([2, 3]), st: whole([2, 2]) },
      ),
  ],
  [
    'Slice behind a strided Conv',
    () =>
      between(
        4 * 2 * 4,
        [
          node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1], strides: [2, 2] }),
          node('Slice', ['c', 's', 'e', 'ax'], 'q'),
          relu('q'),
        ],
        { ...weights(4, 4, 3, 3), s: whole([1]), e: whole([3]), ax: whole([2]) },
      ),
  ],
  [
    'Slice of channels',
    () => between(2 * 64, [node('Slice', ['a', 's', 'e', 'ax'], 'q'), relu('q')], { s: whole([1]), e: whole([3]), ax: whole([1]) }),
  ],
  [
    'Slice with attributes',
    () =>
      between(4 * 49, [node('Slice', ['a'], 'q', { starts: [1, 0], ends: [9, -1], axes: [2, 3] }), relu('q')], {}, { opset: 9 }),
  ],
];

describe('Reshape, Pad, Slice and others that only move values', () => {
  it.each(ROWS)('%s', async (_, bytes) => {
    await expectSameAsOnnx(bytes());
  });
});

describe('layers', () => {
  it('a parameter-free shortcut is one strided 1×1 convolution with 0/1 weights', async () => {
    const slice = { s: whole([0, 0]), e: whole([99, 99]), ax: whole([2, 3]), st: whole([2, 2]) };
    const bytes = between(
      8 * 16,
      [
        node('Slice', ['a', 's', 'e', 'ax', 'st'], 'q'),
        node('Pad', ['q', 'p'], 'sc'),
        node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1], strides: [2, 2] }),
        node('Add', ['c', 'sc'], 'sum'),
        relu('sum'),
      ],
      { ...slice, p: whole([0, 2, 0, 0, 0, 2, 0, 0]), ...weights(8, 4, 3, 3) },
    );
    const { layers } = await expectSameAsOnnx(bytes);
    expect(layers.map(({ kind }) => kind)).toEqual(['neurons', 'neurons', 'readout']);
    const join = layers[1];
    if (join.kind !== 'neurons') throw new Error('no neurons');
    const shortcut = join.terms[1].operator;
    expect(shortcut).toMatchObject({
      type: 'convolution',
      groups: 1,
      window: { kernel: [1, 1], stride: [2, 2], pads: [0, 0, 0, 0] },
    });
    expect([...shortcut.weights].every((w) => w === 0 || w === 1)).toBe(true);
  });

  it('keep the names of their nodes, a ceiling and no dead nodes', async () => {
    const dead = node('Sigmoid', ['a'], 'nobody');
    const { layers } = await expectSameAsOnnx(
      between(64, [dead, node('Min', ['a', 'hi'], 'm'), node('MaxPool', ['m'], 'z', { kernel_shape: [2, 2], strides: [2, 2] })], {
        hi: floats([0.5]),
      }),
    );
    expect(layers.map(({ name }) => name)).toEqual(['Min:m', 'MaxPool:z', 'Gemm:y']);
    expect(layers[0]).toMatchObject({ ceiling: 0.5 });
  });

  it('share a pool of the same source and window', async () => {
    const pool = { kernel_shape: [2, 2], strides: [2, 2] };
    const { layers } = await expectSameAsOnnx(
      between(64, [node('MaxPool', ['a'], 'p', pool), node('MaxPool', ['a'], 'q', pool), node('Add', ['p', 'q'], 's'), relu('s')]),
    );
    expect(layers.filter(({ kind }) => kind === 'pool')).toHaveLength(1);
  });
});
