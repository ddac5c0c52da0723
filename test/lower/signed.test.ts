/** Linear operators in a row, shifts and signs in small networks: against ONNX Runtime, and the layers that they cost. */

import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { buildOnnx, type NodeSpec, real, type TensorSpec } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { between, bn, floats, node, random, relu, stem, stemTensors, weights } from '../helpers/onnx-networks.ts';
import { expectSpikesAgree } from '../helpers/onnx-spikes.ts';

const SAME = { pads: [1, 1, 1, 1] };
const HALF = { kernel_shape: [2, 2], strides: [2, 2] };
const STEM = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
const normalise = (from: string, to: string) => node('BatchNormalization', [from, 's', 'o', 'm', 'v'], to);
/** Factors of both signs. */
const mixed = (channels: number) => ({
  ...bn(channels),
  s: real(
    [channels],
    Array.from({ length: channels }, (_, c) => (c % 2 ? -1 : 1.5)),
  ),
});
const pair = (out: number, inner: number, [k1, k2]: number[], group = 1): Record<string, TensorSpec> => ({
  w: random(inner, 4 / group, k1, k1),
  b: random(inner),
  w2: random(out, inner, k2, k2),
  b2: random(out),
});
const first = (attributes = {}) => node('Conv', ['a', 'w', 'b'], 'c', attributes);
const second = (to = 'd', attributes = {}) => node('Conv', ['c', 'w2', 'b2'], to, attributes);

/** Neurons, pools and readout, by their names. */
type Row = [name: string, bytes: () => Uint8Array, layers: string[]];

const behind =
  (features: number, nodes: NodeSpec[], tensors: Record<string, TensorSpec> = {}) =>
  () =>
    between(features, nodes, tensors);

const ROWS: Row[] = [
  [
    'a separable convolution: twins cost less than one wide kernel',
    behind(512, [first({ group: 4, ...SAME }), second(), relu('d')], pair(8, 4, [3, 1], 4)),
    ['Relu:a', 'Conv:c', 'Conv:c/off', 'Relu:z', 'Gemm:y'],
  ],
  [
    'a bottleneck of one channel: twins',
    behind(256, [first(SAME), second('d', SAME), relu('d')], pair(4, 1, [3, 3])),
    ['Relu:a', 'Conv:c', 'Conv:c/off', 'Relu:z', 'Gemm:y'],
  ],
  [
    'a wide middle without padding: one convolution',
    behind(4 * 16, [first(), second(), relu('d')], pair(4, 12, [3, 3])),
    ['Relu:a', 'Relu:z', 'Gemm:y'],
  ],
  [
    'strides and dilations of both',
    behind(
      4 * 4,
      [first({ strides: [2, 1], ...SAME }), second('d', { strides: [1, 2], dilations: [1, 2] }), relu('d')],
      pair(4, 12, [3, 3]),
    ),
    ['Relu:a', 'Relu:z', 'Gemm:y'],
  ],
  ['Conv, Flatten, Gemm', behind(256, [node('Conv', ['a', 'w', 'b'], 'z', SAME)], weights(4, 4, 3, 3)), ['Relu:a', 'Gemm:y']],
  [
    'Gemm behind a narrow Gemm: twins',
    () =>
      buildOnnx({
        nodes: [...stem, node('Flatten', ['a'], 'f'), node('Gemm', ['f', 'g', 'h'], 'e'), node('Gemm', ['e', 'k'], 'y')],
        tensors: { ...stemTensors(), g: random(256, 2), h: random(2), k: random(2, 700) },
      }),
    ['Relu:a', 'Gemm:e', 'Gemm:e/off', 'Gemm:y'],
  ],
  [
    'Conv, AveragePool, Relu',
    behind(64, [first(SAME), node('AveragePool', ['c'], 'p', HALF), relu('p')], weights(4, 4, 3, 3)),
    ['Relu:a', 'Relu:z', 'Gemm:y'],
  ],
  [
    'Conv, GlobalAveragePool',
    behind(4, [first(SAME), node('GlobalAveragePool', ['c'], 'z')], weights(4, 4, 3, 3)),
    ['Relu:a', 'Gemm:y'],
  ],
  [
    'a sum that three others read',
    behind(
      512 + 256,
      [
        first(SAME),
        ...['r', 's1', 't'].map((to, i) => node('Add', ['c', `k${i}`], to)),
        ...['r', 's1', 't'].map((from) => relu(from, `${from}z`)),
        node('Concat', ['rz', 's1z', 'tz'], 'z', { axis: 1 }),
      ],
      { ...weights(4, 4, 3, 3), k0: floats([0.5]), k1: floats([-0.5]), k2: random(4, 1, 1) },
    ),
    ['Relu:a', 'Conv:c', 'Conv:c/off', 'Relu:rz', 'Relu:s1z', 'Relu:tz', 'Gemm:y'],
  ],
  [
    'a shift before padding: ones',
    behind(256, [normalise('a', 'n'), node('Conv', ['n', 'w', 'b'], 'd', SAME), relu('d')], { ...bn(4), ...weights(4, 4, 3, 3) }),
    ['Relu:a', 'ones 8×8', 'Relu:z', 'Gemm:y'],
  ],
  [
    'BatchNormalization of the pixels, before padding',
    () =>
      buildOnnx({
        nodes: [
          normalise('x', 'n'),
          node('Conv', ['n', 'w0', 'b0'], 'c0', SAME),
          relu('c0', 'f1'),
          node('Flatten', ['f1'], 'f'),
          node('Gemm', ['f', 'k'], 'y'),
        ],
        tensors: { ...stemTensors(), ...mixed(3), k: random(256, 5) },
      }),
    ['ones 8×8', 'Relu:f1', 'Gemm:y'],
  ],
  [
    'two shifts before padding share their ones',
    behind(
      512,
      [
        normalise('a', 'n'),
        ...['d', 'e'].flatMap((to) => [node('Conv', ['n', `w${to}`], to, SAME), relu(to, `${to}z`)]),
        node('Concat', ['dz', 'ez'], 'z', { axis: 1 }),
      ],
      { ...bn(4), wd: random(4, 4, 3, 3), we: random(4, 4, 3, 3) },
    ),
    ['Relu:a', 'ones 8×8', 'Relu:dz', 'Relu:ez', 'Gemm:y'],
  ],
  [
    'Relu, BatchNormalization, MaxPool: they change places',
    behind(4 * 16, [normalise('a', 'n'), node('MaxPool', ['n'], 'z', STEM)], bn(4)),
    ['Relu:a', 'MaxPool:z', 'Gemm:y'],
  ],
  [
    'Conv, MaxPool, BatchNormalization, Relu',
    behind(4 * 16, [first(SAME), node('MaxPool', ['c'], 'p', STEM), normalise('p', 'n'), relu('n')], {
      ...weights(4, 4, 3, 3),
      ...bn(4),
    }),
    ['Relu:a', 'Relu:z', 'MaxPool:p', 'Gemm:y'],
  ],
  [
    'the same with factors below zero: the maximum by rectifiers',
    behind(4 * 16, [first(SAME), node('MaxPool', ['c'], 'p', STEM), normalise('p', 'n'), relu('n')], {
      ...weights(4, 4, 3, 3),
      ...mixed(4),
    }),
    ['Relu:a', 'Conv:c', 'Conv:c/off', 'MaxPool:p/10', 'MaxPool:p/12', 'MaxPool:p/00', 'MaxPool:p/02', 'Relu:z', 'Gemm:y'],
  ],
  [
    'Relu, BatchNormalization with factors below zero, MaxPool',
    behind(4 * 9, [normalise('a', 'n'), node('MaxPool', ['n'], 'z', { kernel_shape: [3, 3], strides: [2, 2] })], mixed(4)),
    ['Relu:a', 'MaxPool:z/11', 'MaxPool:z/12', 'MaxPool:z/01', 'MaxPool:z/02', 'MaxPool:z', 'MaxPool:z/off', 'Gemm:y'],
  ],
  [
    'the max pool of a sum without ReLU',
    behind(4 * 16, [first(SAME), node('MaxPool', ['c'], 'z', HALF)], weights(4, 4, 3, 3)),
    ['Relu:a', 'Conv:c', 'Conv:c/off', 'MaxPool:z/11', 'MaxPool:z/01', 'MaxPool:z', 'MaxPool:z/off', 'Gemm:y'],
  ],
  [
    'Conv, MaxPool of a map twice as wide as high',
    behind(4 * 8, [first({ strides: [2, 1], ...SAME }), node('MaxPool', ['c'], 'z', HALF)], weights(4, 4, 3, 3)),
    ['Relu:a', 'Conv:c', 'Conv:c/off', 'MaxPool:z/11', 'MaxPool:z/01', 'MaxPool:z', 'MaxPool:z/off', 'Gemm:y'],
  ],
  [
    'BatchNormalization behind Flatten goes into the columns',
    () =>
      buildOnnx({
        nodes: [
          ...stem,
          node('Flatten', ['a'], 'f'),
          normalise('f', 'n'),
          node('Mul', ['n', 'k'], 'p'),
          node('Gemm', ['p', 'g'], 'y'),
        ],
        tensors: { ...stemTensors(), ...bn(256), k: floats([0.5]), g: random(256, 5) },
      }),
    ['Relu:a', 'Gemm:y'],
  ],
  [
    'the same before Relu: every feature a neuron',
    () =>
      buildOnnx({
        nodes: [...stem, node('Flatten', ['a'], 'f'), normalise('f', 'n'), relu('n', 'r'), node('Gemm', ['r', 'g'], 'y')],
        tensors: { ...stemTensors(), ...bn(256), g: random(256, 5) },
      }),
    ['Relu:a', 'Relu:r', 'Gemm:y'],
  ],
  [
    'LeakyRelu: twins',
    behind(256, [first(SAME), node('LeakyRelu', ['c'], 'z')], weights(4, 4, 3, 3)),
    ['Relu:a', 'LeakyRelu:z', 'LeakyRelu:z/off', 'Gemm:y'],
  ],
  [
    'PRelu, before padding',
    behind(256, [first(SAME), node('PRelu', ['c', 'k'], 'p'), node('Conv', ['p', 'w2'], 'z', SAME)], {
      ...weights(4, 4, 3, 3),
      k: random(4, 1, 1),
      w2: random(4, 4, 3, 3),
    }),
    ['Relu:a', 'PRelu:p', 'PRelu:p/off', 'Gemm:y'],
  ],
  [
    'PRelu with slopes of 0: Relu',
    behind(256, [first(SAME), node('PRelu', ['c', 'k'], 'z')], { ...weights(4, 4, 3, 3), k: real([4, 1, 1], [0, 0, 0, 0]) }),
    ['Relu:a', 'PRelu:z', 'Gemm:y'],
  ],
  [
    'Where(x > 0, x, 0): Relu',
    behind(256, [first(SAME), node('Greater', ['c', 'k'], 'g'), node('Where', ['g', 'c', 'k'], 'z')], {
      ...weights(4, 4, 3, 3),
      k: floats([0]),
    }),
    ['Relu:a', 'Where:z', 'Gemm:y'],
  ],
  [
    'Max with zeros: Relu',
    behind(256, [first(SAME), node('Max', ['c', 'k'], 'z')], { ...weights(4, 4, 3, 3), k: real([4, 1, 1], [0, 0, 0, 0]) }),
    ['Relu:a', 'Max:z', 'Gemm:y'],
  ],
  ...(
    [
      ['HardTanh', [-1, 1]],
      ['Clip above zero', [0.1, 0.4]],
      ['Clip below zero', [-0.4, -0.1]],
      ['Clip without a ceiling', [-0.3, 3.5e38]],
      ['Clip without a floor', [-3.5e38, 0.2]],
    ] as const
  ).map(
    ([name, [low, high]]): Row => [
      `${name}: one layer`,
      behind(256, [first(SAME), node('Clip', ['c', 'low', 'high'], 'z')], {
        ...weights(4, 4, 3, 3),
        low: floats([low]),
        high: floats([high]),
      }),
      ['Relu:a', 'Clip:z', 'Gemm:y'],
    ],
  ),
  [
    'Neg and Mean',
    behind(256, [first(SAME), node('Neg', ['c'], 'n'), node('Mean', ['n', 'a', 'c'], 'e'), relu('e')], weights(4, 4, 3, 3)),
    ['Relu:a', 'Relu:z', 'Gemm:y'],
  ],
  [
    'BatchNormalization behind Flatten of however many features, and Dropout',
    () =>
      buildOnnx({
        nodes: [
          ...[...stem, node('Conv', ['a', 'w'], 'c'), relu('c'), node('Flatten', ['z'], 'f')],
          ...[normalise('f', 'n'), node('Dropout', ['n'], 'd'), node('Gemm', ['d', 'g'], 'y')],
        ],
        tensors: { ...stemTensors(), w: random(65, 4, 1, 1), ...bn(65 * 64), g: random(65 * 64, 5) },
      }),
    ['Relu:a', 'Relu:z', 'Gemm:y'],
  ],
];

/** A convolution that three BatchNormalizations with ReLU read, as in a dense block. @param factors of each of them, a channel */
function dense(factors: readonly number[][], offset: number): Uint8Array {
  const readers = factors.flatMap((_, i) => [
    node('BatchNormalization', ['c', `s${i}`, `o${i}`, 'm', 'v'], `n${i}`),
    relu(`n${i}`, `r${i}`),
  ]);
  const statistics = Object.fromEntries(
    factors.flatMap((s, i) => [
      [`s${i}`, real([4], s)],
      [
        `o${i}`,
        real(
          [4],
          s.map((_, c) => offset * (c - 1.5 + i / 4)),
        ),
      ],
    ]),
  );
  return between(
    3 * 256,
    [
      first(SAME),
      ...readers,
      node(
        'Concat',
        factors.map((_, i) => `r${i}`),
        'z',
        { axis: 1 },
      ),
    ],
    { ...weights(4, 4, 3, 3), ...statistics, m: random(4), v: real([4], [1, 0.5, 2, 1]) },
  );
}

describe('twins that only rectifiers read', () => {
  const up = [1, 0.5, 2, 0.7];
  const turned = up.map((s, c) => (c === 2 ? -s : s));
  const convolving = (ann: Ann) => ann.layers.filter(({ name }) => name.startsWith('Conv:c')).map(({ shape }) => shape.channels);

  it.each([
    ['factors above zero: one side', [up, up, up], 0.5, [4]],
    ['a channel with factors below zero: its other side', [turned, turned, turned], 0.5, [4]],
    ['a channel with factors of both signs keeps both', [up, turned, up], 0.5, [4, 1]],
    ['bends far from all values: both sides, but where one is near', [up, up, up], 20, [4, 3]],
    ['a factor of zero is no reader', [[0, 1, 1, 1], up, up], 0.5, [4]],
  ])('%s', async (_, factors, offset, channels) => {
    const ann = await expectSameAsOnnx(dense(factors, offset));
    expect(convolving(ann)).toEqual(channels);
    expectSpikesAgree(ann);
  });
});

describe('sums without ReLU', () => {
  it.each(ROWS)('%s', async (_, bytes, layers) => {
    const ann = await expectSameAsOnnx(bytes());
    expect(ann.layers.map(({ name }) => name)).toEqual(layers);
    expectSpikesAgree(ann);
  });

  it('doubled fifty times are fifty doublings, not 2^50 summands', async () => {
    const doublings = Array.from({ length: 50 }, (_, i) =>
      node('Add', [i ? `d${i}` : 'c', i ? `d${i}` : 'c'], i === 49 ? 'z' : `d${i + 1}`),
    );
    const ann = await expectSameAsOnnx(between(256, [first(SAME), ...doublings], weights(4, 4, 3, 3)));
    expect(ann.layers.length).toBeLessThan(5);
  });
});
