/** Layouts and inputs as TensorFlow, Keras and their exporters write them, against ONNX Runtime on the same bytes. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../src/onnx/import.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { buildOnnx, type ModelSpec, type NodeSpec, real, type TensorSpec, whole } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import {
  between,
  bn,
  channelsFirst as first,
  floats,
  head,
  channelsLast as last,
  node,
  random,
  relu,
  weights,
} from '../helpers/onnx-networks.ts';
import { sharedFolder } from '../helpers/shared.ts';

/** Channels of two layers, "k". */
const twoParts = [node('Conv', ['a', 'w', 'b'], 'c'), relu('c', 'r'), node('Concat', ['a', 'r'], 'k', { axis: 1 })];
/** Flattened with the channels last, and a BatchNormalization of the features. */
const normalisedLast = (from: string, to = 'z') => [
  last(from, 'l'),
  node('Flatten', ['l'], 'g'),
  node('BatchNormalization', ['g', 's', 'o', 'm', 'v'], to),
];

/** From "a" (4 × 8 × 8) to "z". */
const INSIDE: [name: string, bytes: () => Uint8Array][] = [
  ['Transposes that cancel', () => between(256, [last('a', 't'), first('t', 'z')])],
  ['Transpose before Flatten', () => between(256, [last('a', 'z')])],
  [
    'Transpose before a Reshape to a vector, and MatMul',
    () => {
      const tail = [node('Reshape', ['t', 'to'], 'v'), node('MatMul', ['v', 'k'], 'g'), node('Add', ['g', 'b5'], 'u'), relu('u')];
      return between(7, [last('a', 't'), ...tail], { to: whole([-1, 256]), k: random(256, 7), b5: random(7) });
    },
  ],
  [
    'Relu, bias, Mul and Clip with the channels last',
    () =>
      between(
        256,
        [
          node('Conv', ['a', 'w'], 'c', { pads: [1, 1, 1, 1] }),
          last('c', 't'),
          node('Add', ['t', 'k'], 'u'),
          node('Mul', ['u', 'm'], 'v'),
          relu('v', 'r'),
          first('r', 'z'),
        ],
        { w: random(4, 4, 3, 3), k: random(4), m: random(1, 1, 1, 4) },
      ),
  ],
  [
    'Pad with the channels last before a Conv',
    () =>
      between(
        4 * 16,
        [
          last('a', 't'),
          node('Pad', ['t', 'p'], 'q'),
          first('q', 'u'),
          node('Conv', ['u', 'w', 'b'], 'c', { strides: [2, 2] }),
          relu('c'),
        ],
        { p: whole([0, 0, 1, 0, 0, 1, 0, 0]), ...weights(4, 4, 3, 3) },
      ),
  ],
  [
    'ReduceMean over axes 1 and 2',
    () => between(4, [last('a', 't'), node('ReduceMean', ['t'], 'z', { axes: [1, 2], keepdims: 0 })]),
  ],
  ['ReduceMax over axes 1 and 2, kept', () => between(4, [last('a', 't'), node('ReduceMax', ['t'], 'z', { axes: [-3, -2] })])],
  [
    'ReduceMean over width with the channels last',
    () => between(32, [last('a', 't'), node('ReduceMean', ['t'], 'z', { axes: [2] })]),
  ],
  [
    'Slice and Concat with the channels last',
    () => {
      const slice = { s: whole([1, 2]), e: whole([5, 8]), ax: whole([1, 2]) };
      const nodes = [
        last('a', 't'),
        node('Slice', ['t', 's', 'e', 'ax'], 'u'),
        relu('u', 'v'),
        node('Concat', ['v', 'v'], 'z', { axis: 3 }),
      ];
      return between(192, nodes, slice);
    },
  ],
  [
    'Slice of channels that are last',
    () =>
      between(128, [last('a', 't'), node('Slice', ['t', 's', 'e', 'ax'], 'u'), relu('u')], {
        s: whole([1]),
        e: whole([3]),
        ax: whole([3]),
      }),
  ],
  [
    'Concat of vectors, flattened with the channels last',
    () =>
      between(4 + 64 + 256, [
        last('a', 't'),
        node('Flatten', ['t'], 'v'),
        node('GlobalAveragePool', ['a'], 'p'),
        node('Flatten', ['p'], 'g'),
        node('MaxPool', ['a'], 'm', { kernel_shape: [2, 2], strides: [2, 2] }),
        last('m', 'n'),
        node('Flatten', ['n'], 'h'),
        node('Concat', ['g', 'h', 'v'], 'z', { axis: 1 }),
      ]),
  ],
  ['several parts flattened with the channels last', () => between(7 * 64, [...twoParts, last('k', 'z')], weights(3, 4, 1, 1))],
  [
    'the same, normalised feature by feature',
    () => between(7 * 64, [...twoParts, ...normalisedLast('k')], { ...weights(3, 4, 1, 1), ...bn(7 * 64) }),
  ],
  [
    'and shifted feature by feature, rectified',
    () => {
      const tensors = { ...weights(3, 4, 1, 1), ...bn(7 * 64), k7: random(7 * 64) };
      return between(7 * 64, [...twoParts, ...normalisedLast('k', 'n'), node('Add', ['n', 'k7'], 'u'), relu('u')], tensors);
    },
  ],
  [
    'vectors of maps of two sizes, normalised feature by feature',
    () => {
      const vectors = [
        node('MaxPool', ['a'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }),
        ...['p', 'a'].flatMap((from) => [last(from, `${from}l`), node('Flatten', [`${from}l`], `${from}f`)]),
        node('Concat', ['pf', 'af'], 'q', { axis: 1 }),
      ];
      return between(320, [...vectors, node('BatchNormalization', ['q', 's', 'o', 'm', 'v'], 'n'), relu('n')], bn(320));
    },
  ],
  [
    'Dense over channels that are last',
    () => between(5 * 64, [last('a', 't'), node('MatMul', ['t', 'k'], 'u'), relu('u')], { k: random(4, 5) }),
  ],
  ['a join with the channels last', () => between(256, [last('a', 't'), node('Add', ['t', 't'], 'u'), relu('u')])],
  [
    'a constant for each place that is one number a channel',
    () =>
      between(256, [node('Add', ['a', 'k'], 'u'), relu('u')], {
        k: real(
          [4, 8, 8],
          Float32Array.from({ length: 256 }, (_, i) => i >> 6),
        ),
      }),
  ],
  [
    'a convolution and a pool over width alone',
    () =>
      between(
        160,
        [
          node('Reshape', ['a', 'to'], 'm'),
          node('Flatten', ['m'], 'v'),
          node('Gemm', ['v', 'k', 'kb'], 'g', { transB: 1 }),
          relu('g', 'r'),
          node('Unsqueeze', ['r', 'two'], 'l'),
          node('Conv', ['l', 'w', 'b'], 'c', { pads: [1, 1], kernel_shape: [3] }),
          relu('c'),
        ],
        { to: whole([0, 4, 64]), k: random(64, 256), kb: random(64), two: whole([2]), ...weights(160, 64, 3) },
      ),
  ],
];

/** Logits behind a padded convolution of the pixels "p" (`c` × 8 × 8), ReLU and a mean over the map. */
const reader = (c: number, pixels = 'p') => {
  const end = head(4, 'g');
  return {
    nodes: [
      node('Conv', [pixels, 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
      relu('c', 'r'),
      node('GlobalAveragePool', ['r'], 'g'),
      ...end.nodes,
    ],
    tensors: { ...weights(4, c, 3, 3), ...end.tensors },
  };
};
const behind = (c: number, nodes: NodeSpec[], tensors: Record<string, TensorSpec>, spec: Partial<ModelSpec>) => {
  const end = reader(c);
  return buildOnnx({ nodes: [...nodes, ...end.nodes], tensors: { ...end.tensors, ...tensors }, ...spec });
};
const bytes = (dims: (number | string)[]) => ({ inputs: [{ name: 'x', dims, type: 2 }] });
const cast = node('Cast', ['x'], 'v', { to: 1 });

/** Input, nodes to the pixels "p", and what is expected of the network. */
const INPUTS: [name: string, bytes: () => Uint8Array, expected: object][] = [
  [
    '[N, H, W, C]',
    () => behind(3, [first('x', 'p')], {}, { input: ['N', 8, 8, 3] }),
    { input: { channels: 3, height: 8, width: 8, layout: 'nhwc' } },
  ],
  [
    '[N, H, W, 1]',
    () => behind(1, [first('x', 'p')], {}, { input: ['N', 8, 8, 1] }),
    { input: { channels: 1, height: 8, width: 8 } },
  ],
  [
    '[N, H, W, 1] by Reshape',
    () => behind(1, [node('Reshape', ['x', 'to'], 'p')], { to: whole([-1, 1, 8, 8]) }, { input: ['N', 8, 8, 1] }),
    { input: { channels: 1, height: 8, width: 8 } },
  ],
  [
    '[N, H, W]',
    () => behind(1, [node('Unsqueeze', ['x', 'one'], 'p')], { one: whole([1]) }, { input: ['N', 8, 8] }),
    { input: { channels: 1, height: 8, width: 8 } },
  ],
  [
    '[N, H · W]',
    () => behind(1, [node('Reshape', ['x', 'to'], 'p')], { to: whole([-1, 1, 8, 8]) }, { input: ['N', 64] }),
    { input: { channels: 1, height: 8, width: 8 } },
  ],
  [
    '[N, H · W, 1]',
    () => behind(1, [node('Reshape', ['x', 'to'], 'p')], { to: whole([0, 1, 8, 8]) }, { input: ['N', 64, 1] }),
    { input: { channels: 1, height: 8, width: 8 } },
  ],
  [
    '[N, H · W · C]',
    () => behind(3, [node('Reshape', ['x', 'to'], 'm'), first('m', 'p')], { to: whole([-1, 6, 5, 3]) }, { input: ['N', 90] }),
    { input: { channels: 3, height: 6, width: 5, layout: 'nhwc' } },
  ],
  [
    'a size worked out from the input’s own',
    () =>
      behind(
        1,
        [
          node('Shape', ['x'], 's'),
          node('Slice', ['s', 'zero', 'one'], 'n'),
          node('Concat', ['n', 'rest'], 'to', { axis: 0 }),
          node('Reshape', ['x', 'to'], 'p'),
        ],
        { zero: whole([0]), one: whole([1]), rest: whole([1, 8, 8]) },
        { input: ['N', 64] },
      ),
    { input: { channels: 1, height: 8, width: 8 } },
  ],
  [
    'bytes',
    () => behind(3, [{ ...cast, out: ['p'] }], {}, bytes(['N', 3, 8, 8])),
    { preprocessing: { scale: [1, 1, 1], shift: [0, 0, 0], white: 255 } },
  ],
  [
    'bytes / 255, channels last',
    () => behind(3, [cast, node('Div', ['v', 'k'], 'd'), first('d', 'p')], { k: floats([255]) }, bytes(['N', 8, 8, 3])),
    { input: { channels: 3, height: 8, width: 8, layout: 'nhwc' }, preprocessing: { white: 255 } },
  ],
  [
    'x · scale + offset',
    () =>
      behind(
        3,
        [node('Mul', ['x', 'k'], 'd'), node('Add', ['d', 'o'], 'q'), first('q', 'p')],
        { k: floats([1 / 127.5]), o: floats([-1]) },
        { input: ['N', 8, 8, 3] },
      ),
    { preprocessing: { shift: [-1, -1, -1], white: 255 } },
  ],
  [
    'mean and std of pixels / 255, channels last',
    () =>
      behind(
        3,
        [node('Sub', ['x', 'm'], 'd'), node('Div', ['d', 's'], 'q'), first('q', 'p')],
        { m: floats([0.485, 0.456, 0.406], [3]), s: floats([0.25, 0.5, 0.125], [1, 1, 1, 3]) },
        { input: ['N', 8, 8, 3] },
      ),
    { preprocessing: { scale: [4, 2, 8], white: 1 } },
  ],
  [
    'means of 0…255',
    () => behind(3, [node('Sub', ['x', 'm'], 'p')], { m: floats([104, 117, 124], [3, 1, 1]) }, { input: ['N', 3, 8, 8] }),
    { preprocessing: { scale: [1, 1, 1], shift: [-104, -117, -124], white: 255 } },
  ],
  [
    'a BatchNormalization first',
    () => behind(3, [node('BatchNormalization', ['x', 's1', 'o1', 'm1', 'v1'], 'p')], normalizing(), { input: ['N', 3, 8, 8] }),
    { preprocessing: { white: 1 } },
  ],
  [
    'a normalisation before Pad',
    () =>
      behind(
        3,
        [node('Sub', ['x', 'm'], 'd'), node('Pad', ['d', 'pad'], 'p')],
        { m: floats([0.5]), pad: whole([0, 0, 1, 1, 0, 0, 0, 0]) },
        { input: ['N', 3, 8, 8] },
      ),
    { preprocessing: { scale: [1, 1, 1], shift: [-0.5, -0.5, -0.5], white: 1 } },
  ],
];

/** Statistics of pixels / 255. */
const normalizing = () => {
  const all = (v: number) => floats([v, v, v], [3]);
  return { s1: all(1), o1: all(0), m1: all(0.25), v1: all(0.125) };
};

describe('what only moves values', () => {
  it.each(INSIDE)('%s', async (_, bytes) => {
    await expectSameAsOnnx(bytes());
  });
});

describe('inputs', () => {
  it.each(INPUTS)('%s', async (_, bytes, expected) => {
    expect(await expectSameAsOnnx(bytes())).toMatchObject(expected);
  });

  it('of maps one high are convolved over width', async () => {
    const end = head(4, 'g');
    const nodes = [
      node('Conv', ['x', 'w', 'b'], 'c', { pads: [1, 1], strides: [2] }),
      relu('c', 'r'),
      node('MaxPool', ['r'], 'm', { kernel_shape: [2], strides: [2] }),
      node('AveragePool', ['m'], 'v', { kernel_shape: [2] }),
      node('GlobalAveragePool', ['m'], 'g'),
      node('Flatten', ['v'], 'unread'),
    ];
    const ann = await expectSameAsOnnx(
      buildOnnx({ input: ['N', 3, 32], nodes: [...nodes, ...end.nodes], tensors: { ...weights(4, 3, 3), ...end.tensors } }),
    );
    expect(ann.input).toEqual({ channels: 3, height: 1, width: 32 });
    expect(ann.layers[0]).toMatchObject({ shape: { channels: 4, height: 1, width: 16 } });
  });

  it('read both ways, as they are and normalised, keep the normalisation in the weights', async () => {
    const end = head(8, 'k');
    const nodes = [
      node('Sub', ['x', 'm'], 'd'),
      node('Conv', ['d', 'w'], 'c'),
      node('Conv', ['x', 'w'], 'e'),
      node('Concat', ['c', 'e'], 'q', { axis: 1 }),
      relu('q', 'r'),
      node('GlobalAveragePool', ['r'], 'k'),
    ];
    const bytes = buildOnnx({
      nodes: [...nodes, ...end.nodes],
      tensors: { m: floats([0.5]), w: random(4, 3, 3, 3), ...end.tensors },
    });
    expect((await expectSameAsOnnx(bytes)).preprocessing).toBeUndefined();
  });
});

describe('a normalisation in the graph', () => {
  const behindMean = (nodes: NodeSpec[], tensors: Record<string, TensorSpec>) => behind(3, nodes, { ...tensors, ...fixed }, {});
  const fixed = { w: random(4, 3, 3, 3), b: random(4), wf: random(5, 4), bf: random(5) };
  const plain = buildOnnx({ nodes: reader(3, 'x').nodes, tensors: fixed });

  it.each([
    ['of pixels / 255', [node('Sub', ['x', 'm'], 'd'), node('Div', ['d', 's'], 'p')], { m: floats([0.5]), s: floats([0.25]) }, 1],
    ['of 0…255', [node('Mul', ['x', 's'], 'd'), node('Sub', ['d', 'm'], 'p')], { m: floats([2]), s: floats([4 / 256]) }, 255],
  ] as const)('%s gives the integers of the network without it under the same mean and std', async (_, nodes, tensors, white) => {
    const options = { phaseBits: 4, initial: 'half', scales: [4, 4, 4] } as const;
    const itself = await importOnnx(behindMean([...nodes], tensors));
    const std = white === 1 ? 0.25 : 256 / 4 / 255;
    const mean = white === 1 ? 0.5 : 128 / 255;
    expect(itself.preprocessing?.white).toBe(white);
    const own = quantize(itself, { ...options, mean: [0], std: [1 / white] });
    const told = quantize(await importOnnx(plain), { ...options, mean: [mean], std: [std] });
    expect(own.input).toEqual(told.input);
    expect(own.layers).toEqual(told.layers);
  });
});

const shared = sharedFolder('import');

describe.skipIf(!shared)('files that people have', () => {
  it.each([
    ['R01_A01_tf2onnx_nhwc_input_transpose', 'softmax'],
    ['R08_A10_input_784_reshape_conv', 'logits'],
    ['R09_A09_input_rank3_unsqueeze', 'logits'],
    ['R10_A11_uint8_input_cast_div255', 'logits'],
    ['R11_A12_in_graph_mean_std_padded_conv', 'logits'],
  ] as const)('%s', async (name, output) => {
    await expectSameAsOnnx(new Uint8Array(readFileSync(`${shared}/${name}.onnx`)), { output });
  });
});
