/** Channels that are split, gathered and shuffled, against ONNX Runtime on the same bytes, and what that costs. */

import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { type NodeSpec, whole } from '../helpers/onnx-builder.ts';
import { conv, shuffle, shuffled, split, wide, wideTensors } from '../helpers/onnx-channels.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { between, bn, node, random, relu } from '../helpers/onnx-networks.ts';

/** BatchNormalization's tensors of 12 channels; "s" is taken. */
const norm12 = () => {
  const { s, ...others } = bn(12);
  return { sn: s, ...others };
};

const ROWS: [name: string, bytes: () => Uint8Array][] = [
  [
    'BatchNormalization of shuffled channels behind Flatten, Gemm',
    () =>
      between(
        256,
        [
          ...shuffle('a', 'b'),
          node('Flatten', ['b'], 'flat'),
          node('BatchNormalization', ['flat', 's', 'o', 'm', 'v'], 'n'),
          node('Identity', ['n'], 'z'),
        ],
        { ...shuffled(4, 2), ...bn(256) },
      ),
  ],
  [
    'the same before Relu',
    () =>
      between(
        256,
        [
          ...shuffle('a', 'b'),
          node('Flatten', ['b'], 'flat'),
          node('BatchNormalization', ['flat', 's', 'o', 'm', 'v'], 'n'),
          relu('n'),
        ],
        { ...shuffled(4, 2), ...bn(256) },
      ),
  ],
  [
    'slopes of shuffled channels',
    () =>
      between(256, [node('Conv', ['a', 'w'], 'c'), ...shuffle('c', 'b'), node('PRelu', ['b', 'slopes'], 'z')], {
        ...shuffled(4, 2),
        w: random(4, 4, 1, 1),
        slopes: random(4, 1, 1),
      }),
  ],
  [
    'shuffled maxima of a layer and of a sum, added to another',
    () =>
      between(
        4 * 16,
        [
          node('Conv', ['a', 'w'], 'c'),
          split('c', ['p', 'q']),
          relu('p', 'r'),
          node('Concat', ['r', 'q'], 'k', { axis: 1 }),
          ...shuffle('k', 'b'),
          node('MaxPool', ['b'], 'm1', { kernel_shape: [2, 2], strides: [2, 2] }),
          node('AveragePool', ['a'], 'm2', { kernel_shape: [2, 2], strides: [2, 2] }),
          node('Add', ['m1', 'm2'], 'z'),
        ],
        { ...shuffled(4, 2), w: random(4, 4, 1, 1) },
      ),
  ],
  ['Split in halves', () => between(256, [split('a', ['p', 'q']), node('Concat', ['q', 'p'], 'z', { axis: 1 })])],
  [
    'Split in given sizes, one piece pooled, one convolved',
    () =>
      between(
        3 * 64 + 5 * 64,
        [
          ...wide,
          split('b', ['p', 'q', 'r'], 'sizes'),
          conv('p', 'c', 'w2'),
          relu('c', 'd'),
          node('Concat', ['d', 'r'], 'z', { axis: 1 }),
        ],
        { ...wideTensors(), sizes: whole([4, 3, 5]), w2: random(3, 4, 3, 3) },
      ),
  ],
  [
    'Split of a sum',
    () =>
      between(
        256,
        [
          node('Conv', ['a', 'w2', 'b2'], 'c'),
          split('c', ['p', 'q']),
          relu('p', 'r'),
          node('Concat', ['r', 'a', 'r'], 'k', { axis: 1 }),
          split('k', ['z', 'y2']),
        ],
        {
          w2: random(4, 4, 1, 1),
          b2: random(4),
        },
      ),
  ],
  [
    'Split by an attribute, over height',
    () =>
      between(
        4 * 3 * 8,
        [{ ...node('Split', ['a'], 'p', { axis: 2, split: [5, 3] }), out: ['p', 'q'] }, relu('q')],
        {},
        { opset: 11 },
      ),
  ],
  [
    'Split of what was pooled',
    () => between(2 * 16, [node('MaxPool', ['a'], 'm', { kernel_shape: [2, 2], strides: [2, 2] }), split('m', ['z', 'q'])]),
  ],
  ['Split of the pixels', () => between(64, [split('x', ['p', 'q', 'r']), relu('q', 'z')])],
  [
    'Gather of channels in any order',
    () => between(3 * 64, [node('Gather', ['a', 'k'], 'z', { axis: 1 })], { k: whole([3, 0, -3]) }),
  ],
  ['Gather of a channel twice', () => between(4 * 64, [node('Gather', ['a', 'k'], 'z', { axis: 1 })], { k: whole([2, 0, 2, 1]) })],
  [
    'Gather of every other row',
    () => between(4 * 4 * 8, [node('Gather', ['a', 'k'], 'g', { axis: 2 }), relu('g')], { k: whole([1, 3, 5, 7]) }),
  ],
  [
    'Gather of the only place of a map',
    () =>
      between(
        4,
        [
          node('GlobalAveragePool', ['a'], 'p'),
          node('Gather', ['p', 'k'], 'q', { axis: 3 }),
          node('Gather', ['q', 'k'], 'z', { axis: 2 }),
        ],
        {
          k: whole([0], []),
        },
      ),
  ],
  [
    'Slice of every other channel',
    () =>
      between(2 * 64, [node('Slice', ['a', 's', 'e', 'ax', 'st'], 'z')], {
        s: whole([1]),
        e: whole([4]),
        ax: whole([1]),
        st: whole([2]),
      }),
  ],
  ['a shuffle before Flatten', () => between(12 * 64, [...wide, ...shuffle('b', 'z')], { ...wideTensors(), ...shuffled(12, 3) })],
  [
    'a shuffle between convolutions in groups',
    () =>
      between(12 * 64, [...wide, ...shuffle('b', 's'), conv('s', 'c', 'w2', { group: 3 }), relu('c')], {
        ...wideTensors(),
        ...shuffled(12, 3),
        w2: random(12, 4, 3, 3),
      }),
  ],
  [
    'two shuffles, normalised between',
    () =>
      between(
        12 * 64,
        [
          ...wide,
          ...shuffle('b', 's'),
          node('BatchNormalization', ['s', 'sn', 'o', 'm', 'v'], 'n'),
          relu('n', 'r'),
          node('AveragePool', ['r'], 'p', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
          ...shuffle('p', 'z'),
        ],
        { ...wideTensors(), ...shuffled(12, 3), ...norm12() },
      ),
  ],
  [
    'a depthwise convolution of shuffled channels, and one in groups behind it',
    () =>
      between(
        12 * 64,
        [
          ...wide,
          ...shuffle('b', 's'),
          node('Conv', ['s', 'wd', 'bd'], 'd', { pads: [1, 1, 1, 1], group: 12 }),
          relu('d', 'r'),
          conv('r', 'c', 'w2', { group: 2 }),
          relu('c'),
        ],
        { ...wideTensors(), ...shuffled(12, 4), wd: random(12, 1, 3, 3), bd: random(12), w2: random(12, 6, 3, 3) },
      ),
  ],
  [
    'a depthwise convolution with two outputs an input, over a shuffled Concat',
    () =>
      between(
        32 * 64,
        [
          ...wide,
          node('Concat', ['a', 'b'], 'k', { axis: 1 }),
          ...shuffle('k', 's'),
          node('Conv', ['s', 'wd', 'bd'], 'd', { pads: [1, 1, 1, 1], group: 16 }),
          relu('d'),
        ],
        { ...wideTensors(), ...shuffled(16, 4), wd: random(32, 1, 3, 3), bd: random(32) },
      ),
  ],
  [
    'a convolution in groups over a shuffled Concat',
    () =>
      between(
        8 * 64,
        [
          ...wide,
          node('Concat', ['a', 'b'], 'k', { axis: 1 }),
          ...shuffle('k', 's'),
          conv('s', 'c', 'w2', { group: 2 }),
          relu('c'),
        ],
        { ...wideTensors(), ...shuffled(16, 2), w2: random(8, 8, 3, 3) },
      ),
  ],
  [
    'a shuffled shortcut',
    () =>
      between(12 * 64, [...wide, ...shuffle('b', 's'), conv('s', 'c', 'w2'), node('Add', ['c', 's'], 'j'), relu('j')], {
        ...wideTensors(),
        ...shuffled(12, 2),
        w2: random(12, 12, 3, 3),
      }),
  ],
  [
    'an unlike shortcut of a shuffled Concat',
    () =>
      between(
        16 * 64,
        [...wide, node('Concat', ['a', 'b'], 'k', { axis: 1 }), ...shuffle('k', 's'), node('Add', ['k', 's'], 'j'), relu('j')],
        { ...wideTensors(), ...shuffled(16, 2) },
      ),
  ],
  [
    'halves taken out of the groups, as in the first ShuffleNet V2',
    () =>
      between(
        6 * 64 + 6 * 64,
        [
          ...wide,
          node('Reshape', ['b', 'merged'], 'r'),
          node('Transpose', ['r'], 't', { perm: [1, 0, 2] }),
          node('Reshape', ['t', 'apart'], 'g'),
          node('Gather', ['g', 'zero'], 'p', { axis: 0 }),
          node('Gather', ['g', 'one'], 'q', { axis: 0 }),
          conv('q', 'c', 'w2'),
          relu('c', 'd'),
          node('Concat', ['p', 'd'], 'z', { axis: 1 }),
        ],
        {
          ...wideTensors(),
          ...{ merged: whole([6, 2, 64]), apart: whole([2, -1, 6, 8, 8]), zero: whole([0], []), one: whole([1], []) },
          w2: random(6, 6, 3, 3),
        },
        { input: [1, 3, 8, 8] },
      ),
  ],
  [
    'a shuffle of what is flattened',
    () =>
      between(
        12,
        [
          ...wide,
          node('GlobalAveragePool', ['b'], 'p'),
          node('Flatten', ['p'], 'ff'),
          node('Reshape', ['ff', 'g'], 'r'),
          node('Transpose', ['r'], 't', { perm: [0, 2, 1] }),
          node('Reshape', ['t', 'v'], 'z'),
        ],
        { ...wideTensors(), g: whole([0, 3, 4]), v: whole([0, 12]) },
      ),
  ],
];

describe('channels', () => {
  it.each(ROWS)('%s', async (_, bytes) => {
    await expectSameAsOnnx(bytes(), { n: 1 });
  });
});

const multiplyAdds = ({ layers }: Ann) =>
  layers.reduce(
    (sum, layer) =>
      layer.kind === 'pool'
        ? sum
        : sum + layer.terms.reduce((n, { operator }) => n + operator.weights.length * layer.shape.height * layer.shape.width, 0),
    0,
  );

it('units of ShuffleNet V2 cost their own multiply-adds, not one more', async () => {
  // Halves pass by unchanged again and again, so that later units read channels of many earlier ones.
  const unit = (from: string, to: string, i: number): NodeSpec[] => [
    split(from, [`${to}/p`, `${to}/q`]),
    node('Conv', [`${to}/q`, `one${i}`], `${to}/c`),
    relu(`${to}/c`, `${to}/d`),
    node('Conv', [`${to}/d`, `deep${i}`], `${to}/e`, { pads: [1, 1, 1, 1], group: 6 }),
    relu(`${to}/e`, `${to}/f`),
    node('Conv', [`${to}/f`, `two${i}`], `${to}/g`),
    relu(`${to}/g`, `${to}/h`),
    node('Concat', [`${to}/p`, `${to}/h`], `${to}/j`, { axis: 1 }),
    ...shuffle(`${to}/j`, to),
  ];
  const units = [0, 1, 2, 3].flatMap((i) => unit(i === 0 ? 'b' : `u${i}`, i === 3 ? 'z' : `u${i + 1}`, i));
  const weights = [0, 1, 2, 3].flatMap((i) => [
    [`one${i}`, random(6, 6, 1, 1)],
    [`deep${i}`, random(6, 1, 3, 3)],
    [`two${i}`, random(6, 6, 1, 1)],
  ]);
  const tensors = { ...wideTensors(), ...shuffled(12, 2), ...Object.fromEntries(weights) };
  const ann = await expectSameAsOnnx(between(12 * 64, [...wide, ...units], tensors), { n: 1 });
  const own = 64 * (4 * 27 + 12 * 36 + 4 * (36 + 54 + 36)) + 5 * 12 * 64;
  expect(multiplyAdds(ann)).toBe(own);
});

it('twins that are split are twins of their rows', async () => {
  const readers = ['p', 'q'].flatMap((half) => [0, 1, 2].map((i) => ({ half, to: `${half}${i}` })));
  const nodes = [
    ...wide,
    conv('b', 'c', 'w2'),
    split('c', ['p', 'q']),
    ...readers.flatMap(({ half, to }) => [conv(half, `${to}/c`, `w/${to}`), relu(`${to}/c`, to)]),
    node(
      'Concat',
      readers.map(({ to }) => to),
      'z',
      { axis: 1 },
    ),
  ];
  const tensors = { w2: random(8, 12, 3, 3), ...Object.fromEntries(readers.map(({ to }) => [`w/${to}`, random(4, 4, 3, 3)])) };
  const ann = await expectSameAsOnnx(between(24 * 64, nodes, { ...wideTensors(), ...tensors }), { n: 1 });
  const twins = 2 * 8 * 12 * 9;
  expect(multiplyAdds(ann)).toBe(64 * (4 * 27 + 12 * 36 + twins + 6 * 2 * 4 * 4 * 9 + 5 * 24));
});
