/** What is refused: by node, with the reason and a remedy. */

import { describe, expect, it } from 'vitest';
import { ModelFormatError, UnsupportedModelError } from '../../src/errors.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { buildOnnx, type NodeSpec, real, type TensorSpec, whole } from '../helpers/onnx-builder.ts';
import { between, bn, floats, head, node, random, relu, stem, stemTensors } from '../helpers/onnx-networks.ts';

type Case = [name: string, bytes: Uint8Array, message: RegExp];

const one = (op: string, attributes: NodeSpec['attributes'] = {}, tensors: Record<string, TensorSpec> = {}, opset = 13) =>
  between(256, [node(op, ['a', ...Object.keys(tensors)], 'z', attributes)], tensors, { opset });
const pool = (attributes: NodeSpec['attributes']) => one('AveragePool', { kernel_shape: [3, 3], ...attributes });
/** BatchNormalization with the given outputs; before opset 14 more than the first are those of training. */
const training = (out: string[], opset: number) =>
  between(256, [{ op: 'BatchNormalization', in: ['a', 's', 'o', 'm', 'v'], out, name: 'normalise' }], bn(4), { opset });
/** Inputs and output given outright. */
const bare = (nodes: NodeSpec[], tensors: Record<string, TensorSpec> = {}, more: object = {}) =>
  buildOnnx({ nodes, tensors, ...more });

const UNSUPPORTED: Case[] = [
  ['Sigmoid inside', one('Sigmoid'), /node "Sigmoid:z".*"Gemm:y".*reads it; only as the last node.*a smooth activation/],
  [
    'Sigmoid as a gate',
    between(256, [node('Sigmoid', ['a'], 's'), node('Mul', ['a', 's'], 'z')]),
    /node "Sigmoid:s".*nor has a gate/,
  ],
  [
    'HardSwish',
    one('HardSwish', {}, {}, 14),
    /node "HardSwish:z".*HardSwish is not supported; a smooth activation.*retrain with ReLU or ReLU6 \(supported: Add, .*Where\)$/,
  ],
  ['Tanh', one('Tanh'), /Tanh is not supported/],
  [
    'PRelu with a slope for each feature of a map',
    between(256, [node('Flatten', ['a'], 'flat'), node('PRelu', ['flat', 'k'], 'z')], { k: random(256) }),
    /node "PRelu:z".*not one number a channel/,
  ],
  [
    'a choice by other values',
    between(256, [node('Greater', ['a', 'k'], 'g'), node('Where', ['g', 'a', 'k'], 'z')], { k: floats([1]) }),
    /node "Where:z".*only Where\(x > 0, x, 0\)/,
  ],
  [
    'a choice of another value',
    between(256, [node('Greater', ['a', 'k'], 'g'), node('Where', ['g', 'a', 'e'], 'z')], { k: floats([0]), e: floats([1]) }),
    /node "Where:z".*only Where/,
  ],
  [
    'a choice of the other side',
    between(256, [node('Less', ['a', 'k'], 'g'), node('Where', ['g', 'a', 'k'], 'z')], { k: floats([0]) }),
    /node "Where:z".*only Where/,
  ],
  [
    'a comparison that is counted',
    between(256, [node('Greater', ['a', 'k'], 'g'), node('Cast', ['g'], 'z', { to: 1 })], { k: floats([0]) }),
    /node "Cast:z".*comparison "g"/,
  ],
  [
    'a comparison that is rectified',
    between(256, [node('Greater', ['a', 'k'], 'g'), relu('g')], { k: floats([0]) }),
    /comparison "g"/,
  ],
  [
    'a bias for each image of a batch',
    bare([...stem, ...head(256, 'a').nodes], { ...stemTensors(), ...head(256).tensors, bf: random(2, 5) }, { input: [2, 3, 8, 8] }),
    /node "Gemm:y".*a bias that differs between the images of a batch/,
  ],
  [
    'channels in groups',
    between(256, [node('Reshape', ['a', 'to'], 'r'), node('MaxPool', ['r'], 'z', { kernel_shape: [2, 2] })], {
      to: whole([0, 2, 2, 8, 8]),
    }),
    /node "MaxPool:z".*channels in groups, 1×2×2×8×8; only a channel shuffle/,
  ],
  ['Gather of rows in another order', one('Gather', { axis: 2 }, { k: whole([1, 0]) }), /only channels can be taken in any order/],
  ['a channel taken twenty times', one('Gather', { axis: 1 }, { k: whole(new Array(20).fill(1)) }), /taken 20 times/],
  ['If by the image', between(256, [node('If', ['a'], 'z')]), /node "If:z".*a condition that depends on the image/],
  [
    'QuantizeLinear without DequantizeLinear',
    one('QuantizeLinear', {}, { k: floats([1]) }),
    /reads the integers "z" of QuantizeLinear; only DequantizeLinear may read them: export in QDQ form/,
  ],
  ['BatchNormalization for each place', one('BatchNormalization', { spatial: 0 }, bn(4), 8), /spatial = 0/],
  [
    'an operator of another domain',
    between(256, [{ op: 'Gelu', in: ['a'], out: ['z'], domain: 'com.microsoft' }]),
    /com\.microsoft\.Gelu/,
  ],
  ['an operator named like a method', one('constructor'), /operator constructor is not supported/],
  ['an operator without inputs', between(256, [node('RandomNormal', [], 'r'), node('Add', ['a', 'r'], 'z')]), /RandomNormal/],
  ['Clip between equal bounds', one('Clip', {}, { lo: floats([0]), hi: floats([0]) }), /bounds 0 and 0/],
  ['Max of two activations', between(256, [node('Max', ['a', 'a'], 'z')]), /more than one activation/],
  ['a product of activations', between(256, [node('Mul', ['a', 'a'], 'z')]), /node "Mul:z".*a product of two activations/],
  [
    'a quotient of a constant',
    between(256, [node('Div', ['k', 'a'], 'z')], { k: floats([1]) }),
    /a constant divided by activations/,
  ],
  [
    'a factor that differs within a map',
    one('Mul', {}, { k: random(1, 4, 8, 8) }),
    /a constant \[1, 4, 8, 8\] that differs from place to place, as a mean image does.*take the mean of each channel/,
  ],
  ['a factor along the width', one('Mul', {}, { k: random(8) }), /not one number a channel/],
  [
    'Add of broadcast activations',
    between(256, [node('GlobalAveragePool', ['a'], 'p'), node('Add', ['a', 'p'], 'z')]),
    /node "Add:z".*sizes/,
  ],
  ['Softmax inside', one('Softmax', { axis: 1 }), /node "Softmax:z".*only as the last node/],
  [
    'Add of maps that were flattened one by one, in another order',
    between(320, [
      node('MaxPool', ['a'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }),
      ...[node('Flatten', ['a'], 'wide'), node('Flatten', ['p'], 'small')],
      ...[node('Concat', ['wide', 'small'], 'l', { axis: 1 }), node('Concat', ['small', 'wide'], 'r', { axis: 1 })],
      node('Add', ['l', 'r'], 'z'),
    ]),
    /node "Add:z".*maps flattened apart; join them before they are flattened/,
  ],
  [
    'Add of flattened maps, of another number of channels',
    between(
      256,
      [
        ...[node('Conv', ['a', 'w'], 'c', { strides: [2, 2] }), relu('c', 'd')],
        ...[node('Flatten', ['a'], 'l'), node('Flatten', ['d'], 'r'), node('Add', ['l', 'r'], 'z')],
      ],
      { w: random(16, 4, 1, 1) },
    ),
    /node "Add:z".*flattened maps of different sizes meet; join them before they are flattened/,
  ],
  [
    'Add of flattened maps, one high and one wide',
    between(128, [
      node('MaxPool', ['a'], 'high', { kernel_shape: [1, 2], strides: [1, 2] }),
      node('MaxPool', ['a'], 'wide', { kernel_shape: [2, 1], strides: [2, 1] }),
      ...[node('Flatten', ['high'], 'l'), node('Flatten', ['wide'], 'r'), node('Add', ['l', 'r'], 'z')],
    ]),
    /node "Add:z".*flattened maps of different sizes meet/,
  ],
  [
    '1-d convolution',
    bare([node('Conv', ['x', 'w'], 'y')], { w: random(4, 3, 3) }, { inputs: [{ name: 'x', dims: ['N', 3, 8, 8] }] }),
    /a convolution of rank 1/,
  ],
  ['3-d pool', one('MaxPool', { kernel_shape: [2, 2, 2] }), /kernel_shape has 3 entries/],
  ['padding as wide as the pool', pool({ pads: [3, 3, 3, 3] }), /as wide as the window/],
  [
    'a maximum of the pixels over too many places',
    bare([node('GlobalMaxPool', ['x'], 'y')], {}, { input: [1, 3, 64, 64] }),
    /a maximum over 64 places/,
  ],
  [
    'an average with too many divisors',
    bare([node('AveragePool', ['x'], 'y', { kernel_shape: [63, 1], pads: [31, 0, 31, 0] })], {}, { input: [1, 3, 64, 64] }),
    /an average with 63 divisors/,
  ],
  ['auto_pad of no known kind', pool({ auto_pad: 'SAME' }), /auto_pad "SAME"/],
  ['Pad by reflection', one('Pad', { mode: 'reflect' }, { p: whole([0, 0, 1, 1, 0, 0, 1, 1]) }), /node "Pad:z".*mode "reflect"/],
  ['Pad with another value', one('Pad', {}, { p: whole([0, 0, 1, 1, 0, 0, 1, 1]), v: floats([2]) }), /value 2/],
  ['Pad with negative widths', one('Pad', {}, { p: whole([0, 0, -1, 0, 0, 0, 0, 0]) }), /negative padding/],
  ['Pad of the batch', one('Pad', {}, { p: whole([1, 0, 0, 0, 0, 0, 0, 0]) }), /padding of the batch/],
  ['Slice backwards', one('Slice', {}, { s: whole([7]), e: whole([-9]), ax: whole([2]), st: whole([-1]) }), /step -1/],
  ['Slice of the batch', one('Slice', {}, { s: whole([1]), e: whole([2]), ax: whole([0]) }), /node "Slice:z"/],
  ['Concat over height', between(512, [node('Concat', ['a', 'a'], 'z', { axis: 2 })]), /only channels can be concatenated/],
  [
    'a Conv of channels last',
    between(256, [node('Transpose', ['a'], 't', { perm: [0, 2, 3, 1] }), node('Conv', ['t', 'w'], 'z')], { w: random(4, 8, 1, 1) }),
    /node "Conv:z".*reads \[batch, height, width, channels\] as \[batch, channels, height, width\]/,
  ],
  [
    'Transpose of the batch',
    one('Transpose', { perm: [1, 0, 2, 3] }),
    /a product of \[channels, height · width\]; leave the batch in front/,
  ],
  ['ReduceMean over channels', one('ReduceMean', { axes: [1] }), /axes \[1\]/],
  ['ReduceMean over everything', one('ReduceMean'), /no axes/],
  ['Reshape to other maps', one('Reshape', {}, { to: whole([0, 16, 4, 4]) }), /1×4×8×8 as 1×16×4×4/],
  ['BatchNormalization in training', one('BatchNormalization', { training_mode: 1 }, bn(4), 14), /call model.eval\(\)/],
  ...[9, 11, 13].map(
    (opset): Case => [
      `BatchNormalization with outputs for statistics, opset ${opset}`,
      training(['z', 'mean', 'variance', 'saved_mean', 'saved_variance'], opset),
      /node "normalise" \(BatchNormalization\).*training mode; call model.eval\(\) before export/,
    ],
  ),
  [
    'MatMul with weights on the left',
    between(256, [node('Flatten', ['a'], 'g'), node('MatMul', ['k', 'g'], 'z')], { k: random(1, 1) }),
    /weights on the left/,
  ],
  [
    'MatMul of activations',
    between(256, [node('Flatten', ['a'], 'g'), node('MatMul', ['g', 'g'], 'z')]),
    /a product of two activations/,
  ],
  [
    'Gemm with transA',
    between(256, [node('Flatten', ['a'], 'g'), node('Gemm', ['g', 'k'], 'z', { transA: 1 })], { k: random(1, 1) }),
    /transA/,
  ],
  ['weights that are computed from the image', between(256, [node('Conv', ['a', 'a'], 'z')]), /input 1 \("a"\) is not a constant/],
  [
    'the second output of MaxPool',
    between(256, [
      { op: 'MaxPool', in: ['a'], out: ['p', 'i'], name: 'pool', attributes: { kernel_shape: [1, 1] } },
      node('Add', ['p', 'i'], 'z'),
    ]),
    /"i"/,
  ],
  ['an output with a map', bare([...stem.slice(0, 1), node('Relu', ['c0'], 'y')], stemTensors()), /output "y": a map of 4 × 8 × 8/],
  [
    'an output that does not depend on the image',
    bare([node('Constant', [], 'y', { value: { tensor: real([1], [1]) } })]),
    /does not depend on the image/,
  ],
  [
    'several inputs',
    bare(
      [node('Add', ['x', 'z'], 'y')],
      {},
      {
        inputs: [
          { name: 'x', dims: [1, 3, 8, 8] },
          { name: 'z', dims: [1, 3, 8, 8] },
        ],
      },
    ),
    /several inputs: "x", "z"/,
  ],
  [
    'several outputs',
    bare([node('Relu', ['x'], 'y'), node('Relu', ['x'], 'z')], {}, { outputs: ['y', 'z'] }),
    /several outputs: "y", "z"; name the one of the logits: option output, --output NAME/,
  ],
  ['a dynamic image size', bare([node('Relu', ['x'], 'y')], {}, { input: ['N', 3, 'h', 'w'] }), /input "x": size 1 × 3 × \? × \?/],
  ['rank 5', bare([node('Relu', ['x'], 'y')], {}, { input: ['N', 3, 4, 8, 8] }), /rank 5/],
  [
    'integer images',
    bare([node('Relu', ['x'], 'y')], {}, { inputs: [{ name: 'x', dims: [1, 3, 8, 8], type: 9 }] }),
    /neither of real numbers nor of bytes; export the model with a float32 or uint8 input/,
  ],
  [
    'opset 6',
    bare([node('Relu', ['x'], 'y')], {}, { opset: 6 }),
    /operator set 6; export with opset 7 or later, .*onnx\.version_converter/,
  ],
  ['a giant map', bare([node('GlobalAveragePool', ['x'], 'y')], {}, { input: [1, 3, 2 ** 30, 2 ** 30] }), /too large/],
  [
    'a giant constant',
    between(256, [node('ConstantOfShape', ['to'], 'k'), node('Add', ['a', 'k'], 'z')], { to: whole([2 ** 20, 2 ** 20]) }),
    /too many for this model/,
  ],
  [
    'a giant range',
    between(256, [node('Range', ['lo', 'hi', 'st'], 'k'), node('Add', ['a', 'k'], 'z')], {
      lo: whole([0], []),
      hi: whole([2 ** 50], []),
      st: whole([1], []),
    }),
    /too many for this model/,
  ],
  ['giant channel padding', one('Pad', {}, { p: whole([0, 0, 0, 0, 0, 2 ** 40, 0, 0]) }), /too large/],
  [
    'a tensor doubled fifty times by Concat',
    between(
      256,
      Array.from({ length: 50 }, (_, i) =>
        node('Concat', [i ? `d${i}` : 'a', i ? `d${i}` : 'a'], i === 49 ? 'z' : `d${i + 1}`, { axis: 1 }),
      ),
    ),
    /more than 1024 parts|too large/,
  ],
  [
    'a constant doubled fifty times',
    between(
      256,
      [
        ...Array.from({ length: 50 }, (_, i) => node('Concat', [`k${i}`, `k${i}`], `k${i + 1}`, { axis: 0 })),
        node('Add', ['a', 'k50'], 'z'),
      ],
      { k0: floats([1], [1]) },
    ),
    /too many for this model/,
  ],
];

const MALFORMED: Case[] = [
  [
    'a tensor that nobody makes',
    between(256, [node('Add', ['a', 'ghost'], 'z')]),
    /node "Add:z": tensor "ghost" is made by no node/,
  ],
  ['weights that are left out', between(256, [node('Conv', ['a', ''], 'z')]), /node "Conv:z".*input 1 is left out/],
  ['an output that nobody makes', bare([node('Relu', ['x'], 'z')]), /the output: tensor "y"/],
  [
    'a cycle',
    between(256, [node('Add', ['a', 'q'], 'p'), node('Relu', ['p'], 'q'), node('Relu', ['q'], 'z')]),
    /reads from its own output/,
  ],
  ['a node that feeds itself', between(256, [node('Add', ['a', 'z'], 'z')]), /reads from its own output/],
  ['a tensor made twice', between(256, [node('Relu', ['a'], 'z'), node('Relu', ['a'], 'z')]), /"z" is made twice/],
  ['a node that makes the input', between(256, [node('Relu', ['a'], 'x'), node('Relu', ['a'], 'z')]), /"x" is made twice/],
  ['a node that makes a stored tensor', between(256, [node('Relu', ['a'], 'w0'), node('Relu', ['a'], 'z')]), /"w0" is made twice/],
  [
    'NaN weights',
    between(256, [node('Conv', ['a', 'w'], 'c'), relu('c')], { w: real([4, 4, 1, 1], new Array(16).fill(Number.NaN)) }),
    /node "Conv:c".*tensor "w" holds NaN at position 0/,
  ],
  [
    'infinite bias',
    between(256, [node('Conv', ['a', 'w', 'b'], 'c'), relu('c')], {
      w: random(4, 4, 1, 1),
      b: real([4], [0, Number.POSITIVE_INFINITY, 0, 0]),
    }),
    /"b" holds Infinity at position 1/,
  ],
  ['a variance below zero', one('BatchNormalization', {}, { ...bn(4), v: real([4], [1, -2, 1, 1]) }), /variance below zero/],
  [
    'folded weights that overflow',
    between(256, [node('Mul', ['a', 'k'], 'm'), node('Mul', ['m', 'k'], 'n'), relu('n')], { k: floats([3e38]) }),
    /overflow float32/,
  ],
  ['weights for other channels', between(256, [node('Conv', ['a', 'w'], 'z')], { w: random(4, 5, 1, 1) }), /over 4 channels/],
  [
    'groups that do not divide',
    between(256, [node('Conv', ['a', 'w'], 'z', { group: 4 })], { w: random(6, 1, 1, 1) }),
    /in 4 groups/,
  ],
  ['zero groups', between(256, [node('Conv', ['a', 'w'], 'z', { group: 0 })], { w: random(6, 1, 1, 1) }), /in 0 groups/],
  [
    'a kernel_shape that is not that of the weights',
    between(256, [node('Conv', ['a', 'w'], 'z', { kernel_shape: [3, 3] })], { w: random(4, 4, 1, 1) }),
    /kernel_shape 3×3 but weights 1×1/,
  ],
  [
    'a bias of another size',
    between(256, [node('Conv', ['a', 'w', 'b'], 'z')], { w: random(4, 4, 1, 1), b: random(3) }),
    /a bias 3 for 4 outputs/,
  ],
  ['a kernel larger than its map', between(256, [node('Conv', ['a', 'w'], 'z')], { w: random(4, 4, 9, 9) }), /larger than its map/],
  ['a stride of zero', one('MaxPool', { kernel_shape: [2, 2], strides: [0, 1] }), /strides \[0,1\]/],
  ['negative pads', one('MaxPool', { kernel_shape: [2, 2], pads: [-1, 0, 0, 0] }), /pads \[-1,0,0,0\]/],
  ['a pool without kernel', one('MaxPool'), /kernel_shape is missing/],
  ['an attribute of the wrong kind', one('MaxPool', { kernel_shape: 'big' }), /attribute "kernel_shape" is not a list/],
  [
    'Gemm weights of another size',
    bare([...stem, ...head(255, 'a').nodes], { ...stemTensors(), ...head(255).tensors }),
    /weights for 255 features on 256/,
  ],
  [
    'Concat of different sizes',
    between(256, [node('MaxPool', ['a'], 'p', { kernel_shape: [2, 2] }), node('Concat', ['a', 'p'], 'z', { axis: 1 })]),
    /node "Concat:z"/,
  ],
  ['Reshape to another size', one('Reshape', {}, { to: whole([1, 255]) }), /a reshape of 1×4×8×8 to \[1,255\]/],
  ['Squeeze of a size that is not 1', one('Squeeze', {}, { ax: whole([1]) }), /not of size 1/],
  ['no input', bare([node('Relu', ['x'], 'y')], { x: floats([1]) }), /the graph has no input/],
  ['no output', bare([node('Relu', ['x'], 'y')], {}, { outputs: [] }), /the graph has no output/],
];

/** What an import fails with. */
const failure = (bytes: Uint8Array) =>
  importOnnx(bytes).then(
    () => expect.fail('was imported'),
    (error: unknown) => error,
  );

describe('models that are not supported', () => {
  it.each(UNSUPPORTED)('%s', async (_, bytes, message) => {
    const error = await failure(bytes);
    expect(error).toBeInstanceOf(UnsupportedModelError);
    expect((error as Error).message).toMatch(message);
    expect((error as UnsupportedModelError).remedy).not.toBe('');
  });
});

describe('models that are inconsistent', () => {
  it.each(MALFORMED)('%s', async (_, bytes, message) => {
    const error = await failure(bytes);
    expect((error as Error).message).toMatch(message);
    expect(error).toBeInstanceOf(ModelFormatError);
    expect((error as ModelFormatError).remedy).not.toBe('');
  });
});

describe('what is dropped', () => {
  it.each(['Softmax', 'LogSoftmax'])('a final %s: the readout gives the logits', async (op) => {
    const plain = between(256, [relu('a')]);
    const nodes = [...stem, ...head(256, 'a').nodes.slice(0, 1)];
    const tensors = { ...stemTensors(), wf: random(5, 256) };
    const ann = await importOnnx(bare([...nodes, node('Gemm', ['f', 'wf'], 'l', { transB: 1 }), node(op, ['l'], 'y')], tensors));
    expect(ann.layers.at(-1)).toMatchObject({ kind: 'readout', name: 'Gemm:l', shape: { channels: 5, height: 1, width: 1 } });
    expect((await importOnnx(plain)).layers).toHaveLength(2);
  });

  it('outputs for statistics that have no name', async () => {
    const normalise = { op: 'BatchNormalization', in: ['a', 's', 'o', 'm', 'v'], out: ['n', '', ''], name: 'normalise' };
    expect((await importOnnx(between(256, [normalise, relu('n')], bn(4)))).layers).toHaveLength(3);
  });

  it('a node that nobody reads, whatever its operator', async () => {
    const ann = await importOnnx(between(256, [relu('a'), node('Sigmoid', ['a'], 'nobody')]));
    expect(ann.layers).toHaveLength(2);
  });
});
