/** Channels that are split, gathered and shuffled where they are last, or elsewhere, against ONNX Runtime on the same bytes. */

import { describe, it } from 'vitest';
import { type TensorSpec, whole } from '../helpers/onnx-builder.ts';
import { conv, shuffle, shuffled, wide, wideTensors } from '../helpers/onnx-channels.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { between, channelsFirst, channelsLast, node, random, relu } from '../helpers/onnx-networks.ts';

/** Channels of a map of 8 × 8, which are last, in groups, seen the other way round. */
const shuffleLast = (from: string, to: string) => [
  node('Reshape', [from, 'groups'], `${to}/r`),
  node('Transpose', [`${to}/r`], `${to}/t`, { perm: [0, 1, 2, 4, 3] }),
  node('Reshape', [`${to}/t`, 'maps'], to),
];
const shuffledLast = (channels: number, groups: number): Record<string, TensorSpec> => ({
  groups: whole([0, 8, 8, groups, channels / groups]),
  maps: whole([0, 8, 8, -1]),
});

const ROWS: [name: string, bytes: () => Uint8Array][] = [
  [
    'a shuffle before Flatten',
    () =>
      between(12 * 64, [...wide, channelsLast('b', 'l'), ...shuffleLast('l', 'z')], { ...wideTensors(), ...shuffledLast(12, 3) }),
  ],
  [
    'a shuffled Concat, normalised, through a product with weights',
    () =>
      between(
        6 * 64,
        [
          ...wide,
          ...[channelsLast('a', 'al'), channelsLast('b', 'bl'), node('Concat', ['al', 'bl'], 'k', { axis: 3 })],
          ...[...shuffleLast('k', 's'), node('Mul', ['s', 'm'], 'n'), relu('n', 'r'), node('MatMul', ['r', 'wm'], 'c'), relu('c')],
        ],
        { ...wideTensors(), ...shuffledLast(16, 4), m: random(16), wm: random(16, 6) },
      ),
  ],
  [
    'Split, Slice and Gather, in groups behind a Transpose',
    () =>
      between(
        4 * 64,
        [
          ...[...wide, channelsLast('b', 'l'), { ...node('Split', ['l', 'sizes'], 'p', { axis: -1 }), out: ['p', 'q'] }],
          ...[node('Gather', ['p', 'k'], 'g', { axis: 3 }), node('Slice', ['q', 's', 'e', 'ax', 'st'], 'h')],
          ...[node('Concat', ['h', 'g'], 'j', { axis: 3 }), channelsFirst('j', 'i')],
          ...[node('Conv', ['i', 'w2'], 'c', { pads: [1, 1, 1, 1], group: 2 }), relu('c')],
        ],
        {
          ...{ ...wideTensors(), sizes: whole([5, 7]), k: whole([4, 0, 2]), w2: random(4, 3, 3, 3) },
          ...{ s: whole([1]), e: whole([7]), ax: whole([3]), st: whole([2]) },
        },
      ),
  ],
  [
    'shuffled maps of two sizes, flattened side by side',
    () =>
      between(
        12 * 64 + 12 * 16,
        [
          ...[...wide, ...shuffle('b', 's'), node('MaxPool', ['s'], 'm', { kernel_shape: [2, 2], strides: [2, 2] })],
          ...[node('Flatten', ['s'], 'sf'), node('Flatten', ['m'], 'mf'), node('Concat', ['sf', 'mf'], 'z', { axis: 1 })],
        ],
        { ...wideTensors(), ...shuffled(12, 3) },
      ),
  ],
  [
    'the same with the channels last',
    () =>
      between(
        12 * 64 + 12 * 16,
        [
          ...[...wide, ...shuffle('b', 's'), node('MaxPool', ['s'], 'm', { kernel_shape: [2, 2], strides: [2, 2] })],
          ...[channelsLast('s', 'sl'), node('Flatten', ['sl'], 'sf'), channelsLast('m', 'ml'), node('Flatten', ['ml'], 'mf')],
          node('Concat', ['sf', 'mf'], 'z', { axis: 1 }),
        ],
        { ...wideTensors(), ...shuffled(12, 3) },
      ),
  ],
  [
    'groups in front of the batch',
    () =>
      between(
        6 * 64,
        [
          ...[...wide, node('Reshape', ['b', 'groups'], 'r'), node('Transpose', ['r'], 't', { perm: [2, 0, 1, 3, 4] })],
          ...[node('Gather', ['t', 'one'], 'p', { axis: 0 }), conv('p', 'c', 'w2'), relu('c')],
        ],
        { ...wideTensors(), groups: whole([0, 6, 2, 8, 8]), one: whole([1], []), w2: random(6, 6, 3, 3) },
        { input: [1, 3, 8, 8] },
      ),
  ],
  [
    'a shuffle between convolutions over width alone',
    () =>
      between(
        12 * 8,
        [
          ...[
            node('Conv', ['a', 'w'], 'c1'),
            relu('c1', 'b'),
            node('Squeeze', ['b', 'height'], 'l'),
            node('Reshape', ['l', 'groups'], 'r'),
          ],
          ...[node('Transpose', ['r'], 't', { perm: [0, 2, 1, 3] }), node('Reshape', ['t', 'lines'], 's')],
          ...[node('Conv', ['s', 'w2', 'b2'], 'c', { group: 12, pads: [1, 1] }), relu('c')],
        ],
        {
          ...{ w: random(12, 4, 8, 1), w2: random(12, 1, 3), b2: random(12), height: whole([2]) },
          ...{ groups: whole([0, 3, 4, 8]), lines: whole([0, 12, -1]) },
        },
      ),
  ],
];

describe('channels that are last, or elsewhere', () => {
  it.each(ROWS)('%s', async (_, bytes) => {
    await expectSameAsOnnx(bytes(), { n: 1 });
  });
});
