/** Quantised activations: pairs of QuantizeLinear and DequantizeLinear, QCFS, learned steps and clips. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { evaluateAnn } from '../helpers/ann-evaluate.ts';
import { buildOnnx, integers, real, type TensorSpec } from '../helpers/onnx-builder.ts';
import { expectClose, expectSameAsOnnx, runOnnx } from '../helpers/onnx-compare.ts';
import { channelsFirst, channelsLast, floats, node, relu } from '../helpers/onnx-networks.ts';
import { coarse, coarseImages, grow, network, type PairSpec, pair, pieces, STEP } from '../helpers/onnx-quantized.ts';

const N = 3;
const IMAGES = coarseImages(N * 192, 7);
const expectSame = (bytes: Uint8Array) => expectSameAsOnnx(bytes, { n: N, input: IMAGES });

const bitsOf = ({ layers }: Ann) => layers.flatMap((layer) => (layer.kind === 'neurons' && layer.bits ? [layer.bits] : []));

const UNSIGNED: PairSpec = { scale: 2 ** -5 };
const SIGNED: PairSpec = { scale: 2 ** -4, type: 'int8' };

const PAIRS: [name: string, bits: number[], bytes: () => Uint8Array][] = [
  ['behind a ReLU', [8], () => network(...pieces(relu('c', 'r'), pair('r', 'z', UNSIGNED)))],
  ['whose zero point makes it a ReLU', [8], () => network(...pieces(pair('c', 'z', { scale: 2 ** -5, zero: -128, type: 'int8' })))],
  ['int8 behind a ReLU', [7], () => network(...pieces(relu('c', 'r'), pair('r', 'z', SIGNED)))],
  [
    'int8 before a ReLU and behind, of another scale',
    [7, 7],
    () => network(...pieces(pair('c', 'p', SIGNED), relu('p', 'r'), pair('r', 'z', { ...SIGNED, scale: 2 ** -3 }))),
  ],
  ['the same again', [7], () => network(...pieces(pair('c', 'p', SIGNED), relu('p', 'r'), pair('r', 'z', SIGNED)))],
  ['of what may be negative', [8], () => network(...pieces(pair('c', 'z', SIGNED)))],
  ['with a zero point between', [8], () => network(...pieces(pair('c', 'z', { scale: 2 ** -5, zero: 100 })))],
  [
    'behind a max pool',
    [8],
    () =>
      network(
        ...pieces(relu('c', 'r'), node('MaxPool', ['r'], 'm', { kernel_shape: [2, 2], strides: [2, 2] }), pair('m', 'z', UNSIGNED)),
      ),
  ],
  [
    'before a max pool and behind',
    [8],
    () =>
      network(
        ...pieces(
          pair('c', 'p', SIGNED),
          node('MaxPool', ['p'], 'm', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
          pair('m', 'z', SIGNED),
        ),
      ),
  ],
  [
    'of averages, where halves are common',
    [8, 8],
    () =>
      network(
        ...pieces(
          pair('c', 'p', UNSIGNED),
          node('AveragePool', ['p'], 'm', { kernel_shape: [2, 2], strides: [2, 2] }),
          pair('m', 'z', UNSIGNED),
        ),
      ),
  ],
  [
    'of both sides of a join, as ONNX Runtime writes it',
    [8, 8, 8],
    () =>
      network(
        ...pieces(
          pair('c', 'p', UNSIGNED),
          node('Conv', ['p', 'w1'], 'h', { pads: [1, 1, 1, 1] }),
          pair('h', 'q', { scale: 2 ** -3, zero: 128 }),
          node('Add', ['q', 'p'], 'j'),
          pair('j', 'z', { scale: 2 ** -4 }),
        ),
      ),
  ],
  [
    'of both sides of a concatenation',
    [8, 8],
    () => {
      const [nodes, tensors] = pieces(
        pair('c', 'p', UNSIGNED),
        node('MaxPool', ['c'], 'm', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
        pair('m', 'q', SIGNED),
        node('Concat', ['p', 'q'], 'z', { axis: 1 }),
      );
      return network(nodes, { ...tensors, w1: coarse([4, 8, 3, 3], 8) });
    },
  ],
  [
    'of the pixels',
    [8],
    () => network(...pieces(pair('x', 'p', SIGNED), node('Conv', ['p', 'w0', 'b0'], 'h', { pads: [1, 1, 1, 1] }), relu('h', 'z'))),
  ],
  [
    'with the channels last',
    [8, 8],
    () => {
      const same = { pads: [1, 1, 1, 1] };
      const [nodes, tensors] = pieces(
        ...[pair('x', 'p', SIGNED), channelsFirst('p', 'p1'), node('Conv', ['p1', 'w0', 'b0'], 'h', same), channelsLast('h', 'h1')],
        ...[relu('h1', 'r'), pair('r', 'q', UNSIGNED), channelsFirst('q', 'q1'), node('Conv', ['q1', 'w1'], 'd', same)],
        ...[relu('d', 'e'), node('GlobalAveragePool', ['e'], 'g'), node('Flatten', ['g'], 'f')],
        node('Gemm', ['f', 'w2'], 'y', { transB: 1 }),
      );
      const weights = { w0: coarse([4, 3, 3, 3], 1), b0: coarse([4], 2), w1: coarse([4, 4, 3, 3], 3), w2: coarse([5, 4], 5) };
      return buildOnnx({ input: ['N', 8, 8, 3], nodes, tensors: { ...tensors, ...weights } });
    },
  ],
  [
    'with a ceiling below, which cuts off what the bits hold above it',
    [7, 7],
    () => {
      const [nodes, tensors] = pieces(node('Clip', ['c', 'low', 'high'], 'r'), pair('r', 'z', UNSIGNED));
      return network(nodes, { ...tensors, low: floats([0]), high: floats([3]) });
    },
  ],
  [
    'of steps so wide that nothing is left',
    [],
    () => {
      const [nodes, tensors] = pieces(node('Clip', ['c', 'low', 'high'], 'r'), pair('r', 'z', { scale: 64 }));
      return network(nodes, { ...tensors, low: floats([0]), high: floats([3]) });
    },
  ],
  [
    'of 4 bits',
    [4],
    () => {
      const [nodes, tensors] = pieces(pair('c', 'z', { scale: 2 ** -2, type: 'uint4' }));
      return network(nodes, tensors, { opset: 21 });
    },
  ],
  ...[
    [0, 15, 4],
    [-8, 7, 4],
    [-4, 2, 3],
  ].map(([low, high, bits]): [string, number[], () => Uint8Array] => [
    `narrowed to ${low} … ${high} by a Clip between`,
    high - low === 2 ** bits - 1 ? [bits] : [bits, bits],
    () => {
      const { nodes, tensors } = pair('c', 'z', { scale: 2 ** -1, type: 'int8' });
      const [quantize, dequantize] = nodes;
      const clip = node('Clip', [quantize.out[0], 'low', 'high'], 'clipped');
      const bounds = { low: integers(3, [], Int8Array.of(low)), high: integers(3, [], Int8Array.of(high)) };
      const behind = { ...dequantize, in: ['clipped', ...dequantize.in.slice(1)] };
      return network([quantize, clip, behind], { ...tensors, ...bounds });
    },
  ]),
  [
    'of 16 bits, finer than any word: a clip',
    [],
    () => {
      const [nodes, tensors] = pieces(pair('c', 'z', { scale: 2 ** -15, type: 'uint16' }));
      return network(nodes, tensors, { opset: 21 });
    },
  ],
];

describe('a pair of QuantizeLinear and DequantizeLinear is a layer that rounds', () => {
  it.each(PAIRS)('%s', async (_, bits, bytes) => {
    expect(bitsOf(await expectSame(bytes()))).toEqual(bits);
  });

  it('is made once for all that read a tensor through equal pairs', async () => {
    const [nodes, tensors] = pieces(
      ...[relu('c', 'r'), pair('r', 'p', UNSIGNED), pair('r', 'q', UNSIGNED)],
      node('Conv', ['p', 'w1'], 'h', { pads: [1, 1, 1, 1] }),
      node('Add', ['h', 'q'], 'j'),
      relu('j', 'z'),
    );
    const { layers } = await expectSame(network(nodes, tensors));
    expect(layers.map(({ name }) => name)).toEqual(['QuantizeLinear:p_q', 'Relu:z', 'Relu:e', 'GlobalAveragePool:g', 'Gemm:y']);
  });

  it('gives what its neighbours leave: random networks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 5 }), async (steps) => {
        await expectSame(grow(steps));
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('is left out behind the logits', async () => {
    const model = (outputs: string[]) => {
      const end = pieces(pair('y', 'l', SIGNED), node('Softmax', ['l'], 's'), pair('s', 'p', { scale: 1 / 256 }));
      const [own, more] = pieces(relu('c', 'z'));
      return network(own, { ...more, ...end[1] }, { outputs, behind: end[0] });
    };
    const ann = await importOnnx(model(['p']));
    expect(bitsOf(ann)).toEqual([]);
    expectClose(evaluateAnn(ann, IMAGES, N), await runOnnx(model(['y']), IMAGES, [N, 3, 8, 8]));
  });
});

/** λ of the activations below; no multiple of it is half a step of the sums in front. */
const LAMBDA = 0.77;

/** Nodes from "c" to "z", each an operator and its constants, in order. */
function chain(...steps: [op: string, ...constants: (number | readonly number[])[]][]): Uint8Array {
  const tensors: Record<string, TensorSpec> = {};
  const nodes = steps.map(([op, ...constants], i) => {
    const names = constants.map((value, k) => {
      const name = `k${i}_${k}`;
      tensors[name] = typeof value === 'number' ? real([], [value]) : real([value.length, 1, 1], value);
      return name;
    });
    return node(op, [i === 0 ? 'c' : `s${i - 1}`, ...names], i === steps.length - 1 ? 'z' : `s${i}`);
  });
  return network(nodes, tensors);
}

const LEARNED: [name: string, bits: number[], bytes: () => Uint8Array][] = [
  ...[3, 4, 7, 8].flatMap((L): [string, number[], () => Uint8Array][] => {
    const bits = Math.ceil(Math.log2(L + 1));
    const layers = L === 2 ** bits - 1 ? [bits] : [bits, bits];
    return [
      [
        `QCFS of ${L} steps, clipped first`,
        layers,
        () => chain(['Div', LAMBDA], ['Clip', 0, 1], ['Mul', L], ['Add', 0.5], ['Floor'], ['Div', L], ['Mul', LAMBDA]),
      ],
      [
        `QCFS of ${L} steps, clipped last`,
        layers,
        () => chain(['Mul', L / LAMBDA], ['Add', 0.5], ['Floor'], ['Clip', 0, L], ['Mul', LAMBDA / L]),
      ],
      [
        `QCFS of ${L} steps, clipped between`,
        layers,
        () => chain(['Div', LAMBDA], ['Mul', L], ['Add', 0.5], ['Floor'], ['Div', L], ['Clip', 0, 1], ['Mul', LAMBDA]),
      ],
    ];
  }),
  [
    'QCFS with a λ for each channel',
    [2],
    () => chain(['Div', [0.7, 0.8, 0.9, 1.1]], ['Clip', 0, 1], ['Mul', 3], ['Add', 0.5], ['Floor'], ['Mul', [0.2, 0.3, 0.3, 0.4]]),
  ],
  ['ReLU and a learned clip before rounding', [4], () => chain(['Relu'], ['Min', 1.5], ['Mul', 10], ['Round'], ['Mul', 0.1])],
  ['a learned step, signed, rounded first', [4], () => chain(['Div', 0.11], ['Round'], ['Clip', -8, 7], ['Mul', 0.11])],
  ['a learned step, signed, clipped first', [4], () => chain(['Div', 0.11], ['Clip', -8, 7], ['Round'], ['Mul', 0.11])],
  ['rounded down, without a half', [3], () => chain(['Div', LAMBDA], ['Clip', 0, 1], ['Mul', 7], ['Floor'], ['Mul', LAMBDA / 7])],
  ['rate norm: a learned clip', [], () => chain(['Clip', 0, LAMBDA])],
  [
    'rate norm with a threshold for each channel',
    [],
    () => chain(['Div', [0.7, 0.8, 0.9, 1.1]], ['Clip', 0, 1], ['Mul', [0.7, 0.8, 0.9, 1.1]]),
  ],
];

describe('learned clips and steps', () => {
  it.each(LEARNED)('%s', async (_, bits, bytes) => {
    const ann = await expectSame(bytes());
    expect(bitsOf(ann)).toEqual(bits);
    const [first] = ann.layers;
    expect(first.kind === 'neurons' && Number.isFinite(first.ceiling)).toBe(true);
  });
});

const REFUSED: [name: string, message: RegExp, bytes: () => Uint8Array][] = [
  ['Floor without a clip', /rounds what has no bounds.*clip it/, () => chain(['Mul', 4], ['Floor'])],
  ['a clip between two steps', /rounds what has no bounds/, () => chain(['Floor'], ['Clip', 0, 2.5])],
  [
    'a scale for each channel of activations',
    /4 scales of activations.*by tensor/,
    () =>
      network([node('QuantizeLinear', ['c', 's'], 'q'), node('DequantizeLinear', ['q', 's'], 'z')], { s: real([4], [1, 2, 3, 4]) }),
  ],
  [
    'another scale behind than before',
    /another scale or zero point/,
    () =>
      network([node('QuantizeLinear', ['c', 's'], 'q'), node('DequantizeLinear', ['q', 't'], 'z')], {
        ...{ s: real([], [1]), t: real([], [2]) },
      }),
  ],
  ['a scale that is no normal number', /scale 1e-40|scale 9\.99/, () => network(...pieces(pair('c', 'z', { scale: 1e-40 })))],
  [
    'integers that are computed with',
    /reads the integers "p_q" of QuantizeLinear.*only DequantizeLinear/,
    () =>
      network(
        ...pieces(...pair('c', 'p', UNSIGNED).nodes.slice(0, 1), relu('p_q', 'z'), {
          nodes: [],
          tensors: pair('c', 'p', UNSIGNED).tensors,
        }),
      ),
  ],
  [
    'ranges of each image',
    /DynamicQuantizeLinear is not supported.*quantise statically/,
    () =>
      network(
        [{ op: 'DynamicQuantizeLinear', in: ['c'], out: ['q', 's', 'o'] }, node('DequantizeLinear', ['q', 's', 'o'], 'z')],
        {},
      ),
  ],
  ['integer convolutions', /ConvInteger is not supported.*QDQ form/, () => network([node('ConvInteger', ['c', 'w1'], 'z')], {})],
];

describe('refused with a remedy', () => {
  it.each(REFUSED)('%s', async (_, message, bytes) => {
    await expect(importOnnx(bytes())).rejects.toThrow(message);
  });
});
