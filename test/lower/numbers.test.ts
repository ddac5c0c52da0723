/** Weights in other forms than float32: old operator sets, narrow reals, quantised integers, arithmetic of constants, branches, functions. */

import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../src/onnx/import.ts';
import { type AttributeValue, buildOnnx, integers, type NodeSpec, type TensorSpec, whole } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx, randomNumbers } from '../helpers/onnx-compare.ts';
import { between, bn, floats, head, node, positive, random, relu, stem, stemTensors } from '../helpers/onnx-networks.ts';

const bytes = (count: number, seed: number) => Int8Array.from(randomNumbers(count, seed), (x) => Math.round(100 * x));
/** Random float16 values: of 11 bits, so that float32 has them exactly. */
const halves = (dims: number[], seed: number): TensorSpec => {
  const count = dims.reduce((a, b) => a * b, 1);
  return integers(
    10,
    dims,
    Uint16Array.from(randomNumbers(count, seed), (x) => (x < 0 ? 0xb000 : 0x3000) + Math.floor(Math.abs(x) * 1023)),
  );
};

/** "a" through a convolution with the weights "w" that some nodes make, and ReLU. */
const made = (making: NodeSpec[], tensors: Record<string, TensorSpec>, opset = 13) =>
  between(256, [...making, node('Conv', ['a', 'w'], 'c', { pads: [1, 1, 1, 1] }), relu('c')], tensors, { opset });
const dequantize = (inputs: string[], attributes: Record<string, AttributeValue> = {}) => [
  node('DequantizeLinear', inputs, 'w', attributes),
];

const weightNorm = (v: Float32Array) =>
  made(
    [node('ReduceL2', ['v'], 'n', { axes: [1, 2, 3], keepdims: 1 }), node('Div', ['v', 'n'], 'd'), node('Mul', ['d', 'g'], 'w')],
    { v: floats([...v], [4, 4, 3, 3]), g: random(4, 1, 1, 1) },
  );

const ROWS: [name: string, bytes: () => Uint8Array][] = [
  ...[7, 8].map((opset): [string, () => Uint8Array] => [
    `operator set ${opset}`,
    () =>
      between(
        64,
        [
          node('BatchNormalization', ['a', 's', 'o', 'm', 'v'], 'n', { epsilon: { real: 1e-3 } }),
          node('Clip', ['n'], 'r', { min: { real: 0 }, max: { real: 0.5 } }),
          node('Add', ['r', 'k'], 'j'),
          relu('j', 'q'),
          node('MaxPool', ['q'], 'z', { kernel_shape: [2, 2], strides: [2, 2] }),
        ],
        { ...bn(4), k: random(4, 1, 1) },
        { opset },
      ),
  ]),
  [
    'bfloat16 with Cast',
    () =>
      made([node('Cast', ['w16'], 'w', { to: 1 })], {
        w16: integers(
          16,
          [4, 4, 3, 3],
          Uint16Array.from(randomNumbers(144, 5), (x) => (x < 0 ? 0xbe00 : 0x3e00) + Math.floor(Math.abs(x) * 255)),
        ),
      }),
  ],
  ['float16 with Cast', () => made([node('Cast', ['w16'], 'w', { to: 1 })], { w16: halves([4, 4, 3, 3], 6) })],
  [
    'int8, one scale a row',
    () =>
      made(dequantize(['q', 's', 'zero'], { axis: 0 }), {
        q: integers(3, [4, 4, 3, 3], bytes(144, 7)),
        s: positive(4),
        zero: integers(3, [4], Int8Array.of(0, 3, -2, 1)),
      }),
  ],
  [
    'uint8, one scale and zero point',
    () =>
      made(dequantize(['q', 's', 'zero']), {
        q: integers(
          2,
          [4, 4, 3, 3],
          Uint8Array.from(bytes(144, 8), (x) => x + 128),
        ),
        s: floats([0.01]),
        zero: integers(2, [], Uint8Array.of(130)),
      }),
  ],
  [
    'int8 without zero point, along the inputs',
    () => made(dequantize(['q', 's']), { q: integers(3, [4, 4, 3, 3], bytes(144, 9)), s: positive(4) }),
  ],
  [
    'int4 in blocks of two inputs',
    () =>
      made(
        dequantize(['q', 's'], { axis: 1, block_size: 2 }),
        { q: integers(22, [4, 4, 3, 3], bytes(72, 10)), s: random(4, 2, 3, 3) },
        21,
      ),
  ],
  [
    'uint4 with zero points',
    () =>
      made(
        dequantize(['q', 's', 'zero'], { axis: 0 }),
        { q: integers(21, [4, 4, 3, 3], bytes(72, 11)), s: positive(4), zero: integers(21, [4], Uint8Array.of(0x79, 0x08)) },
        21,
      ),
  ],
  [
    'QuantizeLinear and DequantizeLinear of stored reals',
    () =>
      made([node('QuantizeLinear', ['real', 's', 'zero'], 'q', { axis: 0 }), ...dequantize(['q', 's', 'zero'], { axis: 0 })], {
        real: random(4, 4, 3, 3),
        s: floats([0.004, 0.01, 0.02, 0.25], [4]),
        zero: integers(3, [4], Int8Array.of(0, 3, -2, 1)),
      }),
  ],
  ['weight norm', () => weightNorm(randomNumbers(144, 12))],
  ['weight norm, the squares of some beyond f32', () => weightNorm(randomNumbers(144, 12).map((x, i) => (i === 40 ? -2e32 : x)))],
  [
    'weight standardisation',
    () =>
      made(
        [
          node('ReduceMean', ['v'], 'mean', { axes: [1, 2, 3] }),
          node('Sub', ['v', 'mean'], 'centred'),
          node('ReduceSumSquare', ['centred'], 'sum', { axes: [1, 2, 3] }),
          node('Add', ['sum', 'eps'], 'var'),
          node('Sqrt', ['var'], 'std'),
          node('Div', ['centred', 'std'], 'w'),
        ],
        { v: random(4, 4, 3, 3), eps: floats([1e-5]) },
      ),
  ],
  [
    'a mask over weights',
    () =>
      made(
        [
          node('Abs', ['v'], 'size'),
          node('ReduceMax', ['size'], 'most', { keepdims: 0 }),
          node('Mul', ['most', 'half'], 'bound'),
          node('Greater', ['size', 'bound'], 'big'),
          node('Where', ['big', 'v', 'zero'], 'w'),
        ],
        {
          v: random(4, 4, 3, 3),
          half: floats([0.5]),
          zero: floats([0]),
        },
      ),
  ],
  [
    'weights made of one number',
    () =>
      made([node('ConstantOfShape', ['shape'], 'k', { value: { tensor: floats([0.1], [1]) } }), node('Add', ['k', 'v'], 'w')], {
        shape: whole([4, 4, 3, 3]),
        v: random(4, 1, 1, 1),
      }),
  ],
  [
    'Gemm with the same bias for each image of a batch',
    () => {
      const values = randomNumbers(5, 14);
      return between(
        256,
        [relu('a')],
        { bf: { dims: [2, 5], data: Float32Array.of(...values, ...values) } },
        { input: [2, 3, 8, 8] },
      );
    },
  ],
  [
    'PRelu of slope 0',
    () =>
      between(256, [node('Conv', ['a', 'w'], 'c'), node('PRelu', ['c', 'k'], 'z')], {
        w: random(4, 4, 1, 1),
        k: floats([0, 0, 0, 0], [4, 1, 1]),
      }),
  ],
  [
    'LeakyRelu of slope 0',
    () =>
      between(256, [node('Conv', ['a', 'w'], 'c'), node('LeakyRelu', ['c'], 'z', { alpha: { real: 0 } })], {
        w: random(4, 4, 1, 1),
      }),
  ],
  ...(
    [
      ['Greater', ['c', 'zero'], ['c', 'zero']],
      ['GreaterOrEqual', ['c', 'zero'], ['c', 'zero']],
      ['Less', ['zero', 'c'], ['c', 'zero']],
      ['LessOrEqual', ['c', 'zero'], ['zero', 'c']],
    ] as const
  ).map(([op, sides, choices]): [string, () => Uint8Array] => [
    `Where(${op}(${sides}), ${choices})`,
    () =>
      between(256, [node('Conv', ['a', 'w'], 'c'), node(op, [...sides], 'g'), node('Where', ['g', ...choices], 'z')], {
        w: random(4, 4, 1, 1),
        zero: floats([0]),
      }),
  ]),
  [
    'Max with as many zeros as there are values',
    () =>
      between(
        256,
        [
          node('Conv', ['a', 'w'], 'c'),
          node('Shape', ['c'], 's'),
          node('ConstantOfShape', ['s'], 'k'),
          node('Max', ['k', 'c'], 'z'),
        ],
        {
          w: random(4, 4, 1, 1),
        },
      ),
  ],
  [
    'Neg and Mean',
    () =>
      between(256, [node('Conv', ['a', 'w'], 'c'), node('Neg', ['c'], 'n'), node('Mean', ['n', 'a', 'c', 'a'], 'm'), relu('m')], {
        w: random(4, 4, 1, 1),
      }),
  ],
];

describe('weights and activations in other forms', () => {
  it.each(ROWS)('%s', async (_, model) => {
    await expectSameAsOnnx(model());
  });

  it('a network in float16 between casts is the network of the same weights', async () => {
    const nodes = [
      node('Cast', ['a'], 'h', { to: 10 }),
      node('Conv', ['h', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
      relu('c', 'r'),
      node('Cast', ['r'], 'z', { to: 1 }),
    ];
    const ann = await importOnnx(between(256, nodes, { w: halves([4, 4, 3, 3], 12), b: halves([4], 13) }));
    expect(ann.layers.map(({ name }) => name)).toEqual(['Relu:a', 'Relu:r', 'Gemm:y']);
    expect(ann.layers.flatMap((layer) => (layer.kind === 'pool' ? [] : [...layer.bias])).every(Number.isFinite)).toBe(true);
  });

  it.each([
    ['zero points for another number of scales', ['q', 's', 'zero'], {}, /1 zero points for 4 scales/],
    ['scales along an axis of another size', ['q', 's'], { axis: 2 }, /4 scales along axis 2 of 4×4×3×3/],
    ['blocks of another size', ['q', 's'], { axis: 1, block_size: 3 }, /scales 4 in blocks of 3/],
  ])('%s are refused', async (_, inputs, attributes, message) => {
    const tensors = { q: integers(3, [4, 4, 3, 3], bytes(144, 9)), s: positive(4), zero: integers(3, [], Int8Array.of(1)) };
    await expect(importOnnx(made(dequantize(inputs, attributes), tensors))).rejects.toThrow(message);
  });
});

/** Branches that both name a tensor "t". */
const branches = {
  then_branch: {
    graph: { nodes: [node('Mul', ['a', 'k'], 't'), relu('t', 'out')], tensors: { k: floats([0.5]) }, outputs: ['out'] },
  },
  else_branch: {
    graph: { nodes: [node('Add', ['a', 'k'], 't'), relu('t', 'out')], tensors: { k: floats([-0.1]) }, outputs: ['out'] },
  },
};
const nested = {
  then_branch: { graph: { nodes: [{ ...node('If', ['no'], 'inner', branches) }, relu('inner', 'out')], outputs: ['out'] } },
  else_branch: { graph: { nodes: [node('Sigmoid', ['a'], 'out')], outputs: ['out'] } },
};
const truth = (value: number): TensorSpec => integers(9, [], Uint8Array.of(value));

describe('branches and functions', () => {
  it.each([0, 1])('If whose condition is %i', async (value) => {
    await expectSameAsOnnx(between(256, [node('If', ['cond'], 'z', branches)], { cond: truth(value) }));
  });

  it('If within If, by the size of a map', async () => {
    const size = [node('Shape', ['a'], 's'), node('Gather', ['s', 'two'], 'h'), node('Equal', ['h', 'eight'], 'yes')];
    const tensors = { two: whole([2], []), eight: whole([8], []), no: truth(0) };
    await expectSameAsOnnx(between(256, [...size, node('If', ['yes'], 'z', nested)], tensors));
  });

  it('If around a Transpose of the pixels, by weights that another If gives', async () => {
    const turn = { graph: { nodes: [node('Transpose', ['x'], 'out', { perm: [0, 3, 1, 2] })], outputs: ['out'] } };
    const zero = { graph: { nodes: [node('Identity', ['low'], 'out')], outputs: ['out'] } };
    const [{ in: _, ...first }, ...rest] = stem;
    const nodes = [
      node('If', ['yes'], 'known', { then_branch: zero, else_branch: zero }),
      ...[node('Equal', ['known', 'low'], 'turned'), node('If', ['turned'], 'p', { then_branch: turn, else_branch: turn })],
      ...[{ ...first, in: ['p', 'w0', 'b0'] }, ...rest, ...head(256, 'a').nodes],
    ];
    const tensors = { ...stemTensors(), ...head(256).tensors, yes: truth(1), low: floats([0]) };
    const ann = await expectSameAsOnnx(buildOnnx({ nodes, tensors, input: ['N', 8, 8, 3] }));
    expect(ann.input).toEqual({ channels: 3, height: 8, width: 8, layout: 'nhwc' });
  });

  it('two Ifs with the same names inside', async () => {
    const ifs = [node('If', ['yes'], 'p', branches), node('If', ['no'], 'q', branches), node('Add', ['p', 'q'], 'j'), relu('j')];
    await expectSameAsOnnx(between(256, ifs, { yes: truth(1), no: truth(0) }));
  });

  it('graphs within graphs without end are refused', async () => {
    let inside: NodeSpec = node('If', ['cond'], 'out', branches);
    for (let i = 0; i < 20; i++) {
      const graph = { nodes: [inside], outputs: ['out'] };
      inside = node('If', ['cond'], 'out', { then_branch: { graph }, else_branch: branches.else_branch });
    }
    await expect(importOnnx(between(256, [{ ...inside, out: ['z'] }], { cond: truth(1) }))).rejects.toThrow(
      /graphs within graphs, 17 deep/,
    );
  });

  const block = {
    name: 'Block',
    in: ['x', 'w', 'b'],
    out: ['y'],
    attributes: ['group'],
    nodes: [node('Conv', ['x', 'w', 'b'], 'c', { pads: [1, 1, 1, 1], group: { ref: 'group' } }), node('Relu', ['c'], 'y')],
  };
  const twice = {
    name: 'Twice',
    in: ['x', 'w'],
    out: ['y'],
    nodes: [
      { ...node('Block', ['x', 'w', ''], 'c', { group: 2 }), domain: 'local' },
      { ...node('Block', ['c', 'w'], 'y', { group: 2 }), domain: 'local' },
    ],
  };
  it('functions that call functions, with attributes and inputs left out', async () => {
    const call = { ...node('Twice', ['a', 'w'], 'z'), domain: 'local' };
    const ann = await expectSameAsOnnx(between(256, [call], { w: random(4, 2, 3, 3) }, { functions: [block, twice] }));
    expect(ann.layers.map(({ name }) => name)).toEqual(['Relu:a', 'Twice:z/Block:c/Relu:y', 'Twice:z/Block:y/Relu:y', 'Gemm:y']);
  });

  it('a function that calls itself is refused', async () => {
    const endless = { name: 'Endless', in: ['x'], out: ['y'], nodes: [{ ...node('Endless', ['x'], 'y'), domain: 'local' }] };
    const call = { ...node('Endless', ['a'], 'z'), domain: 'local' };
    await expect(importOnnx(between(256, [call], {}, { functions: [endless] }))).rejects.toThrow(
      /functions within functions, more than 16 deep/,
    );
  });

  it('functions that call the next again and again are refused', async () => {
    const functions = Array.from({ length: 12 }, (_, i) => {
      const calls = [0, 1, 2, 3, 4].map((k) => ({
        ...node(`F${i + 1}`, [k ? `v${k}` : 'x'], k < 4 ? `v${k + 1}` : 'y'),
        domain: 'local',
      }));
      return { name: `F${i}`, in: ['x'], out: ['y'], nodes: i < 11 ? calls : [node('Relu', ['x'], 'y')] };
    });
    const call = { ...node('F0', ['a'], 'z'), domain: 'local' };
    await expect(importOnnx(between(256, [call], {}, { functions }))).rejects.toThrow(/more than 65536 nodes/);
  });
});
