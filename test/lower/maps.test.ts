/** Constants that differ from place to place, as a mean image does, against ONNX Runtime on the same bytes. */

import { describe, expect, it } from 'vitest';
import { UnsupportedModelError } from '../../src/errors.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { buildOnnx, type NodeSpec, real, type TensorSpec } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { between, floats, head, node, random, relu, stem, stemTensors } from '../helpers/onnx-networks.ts';
import { expectSpikesAgree } from '../helpers/onnx-spikes.ts';

/** The image through `nodes` to "p", then stem and readout. */
const ofImage = (nodes: readonly NodeSpec[], tensors: Record<string, TensorSpec>, pads = [1, 1, 1, 1]) => {
  const side = 6 + pads[0] + pads[2];
  const conv = node('Conv', ['p', 'w0', 'b0'], 'c0', { pads });
  const end = head(4 * side * side, 'a');
  return buildOnnx({
    nodes: [...nodes, conv, relu('c0', 'a'), ...end.nodes],
    tensors: { ...stemTensors(), ...end.tensors, ...tensors },
  });
};

/** Values like those of a mean image of pixels in 0…1. */
const meanImage = (...dims: number[]) => real(dims, random(...dims).data!.map((x: number) => 0.5 + 0.4 * x) as number[]);

const ROWS: [name: string, bytes: () => Uint8Array][] = [
  ['a mean image before a padded convolution', () => ofImage([node('Sub', ['x', 'm'], 'p')], { m: meanImage(3, 8, 8) })],
  ['before one without padding', () => ofImage([node('Sub', ['x', 'm'], 'p')], { m: meanImage(1, 3, 8, 8) }, [0, 0, 0, 0])],
  ['of one channel, the same for all', () => ofImage([node('Sub', ['x', 'm'], 'p')], { m: meanImage(1, 8, 8) })],
  ['a row that differs along the width', () => ofImage([node('Sub', ['x', 'm'], 'p')], { m: meanImage(8) })],
  [
    'and then a deviation a channel',
    () =>
      ofImage([node('Sub', ['x', 'm'], 'q'), node('Div', ['q', 's'], 'p')], {
        m: meanImage(3, 8, 8),
        s: floats([0.2, 0.3, 0.4], [3, 1, 1]),
      }),
  ],
  [
    'after a scale',
    () => ofImage([node('Mul', ['x', 's'], 'q'), node('Sub', ['q', 'm'], 'p')], { m: meanImage(3, 8, 8), s: floats([0.5]) }),
  ],
  [
    'with the channels last',
    () =>
      buildOnnx({
        input: ['N', 8, 8, 3],
        nodes: [
          node('Sub', ['x', 'm'], 'q'),
          node('Transpose', ['q'], 'p', { perm: [0, 3, 1, 2] }),
          node('Conv', ['p', 'w0', 'b0'], 'c0', { pads: [1, 1, 1, 1] }),
          relu('c0', 'a'),
          ...head(256, 'a').nodes,
        ],
        tensors: { ...stemTensors(), ...head(256, 'a').tensors, m: meanImage(8, 8, 3) },
      }),
  ],
  [
    'of a layer, before its ReLU',
    () =>
      between(256, [node('Conv', ['a', 'w'], 'c'), node('Add', ['c', 'm'], 's'), relu('s')], {
        w: random(4, 4, 1, 1),
        m: random(4, 8, 8),
      }),
  ],
  [
    'of a layer, behind its ReLU, and read without one',
    () =>
      between(256, [node('Add', ['a', 'm'], 's'), node('Conv', ['s', 'w'], 'c', { pads: [1, 1, 1, 1] }), relu('c')], {
        w: random(4, 4, 3, 3),
        m: random(1, 8, 8),
      }),
  ],
  [
    'of two layers side by side',
    () =>
      between(
        512,
        [
          relu('c0', 'b'),
          node('Neg', ['b'], 'n'),
          node('Concat', ['a', 'n'], 'k', { axis: 1 }),
          node('Sub', ['k', 'm'], 's'),
          relu('s'),
        ],
        { m: random(8, 8, 8) },
      ),
  ],
];

describe('constants that differ from place to place', () => {
  it.each(ROWS)('%s', async (_, bytes) => {
    await expectSameAsOnnx(bytes());
  });

  it('the mean image is a layer of the network, and what scales pixels is kept apart', async () => {
    const nodes = [node('Sub', ['x', 'm'], 'q'), node('Mul', ['q', 's'], 'p')];
    const tensors = { m: real([3, 8, 8], random(3, 8, 8).data!.map((x: number) => 120 + 20 * x) as number[]), s: floats([0.017]) };
    const ann = await importOnnx(ofImage(nodes, tensors));
    expect(ann.preprocessing).toMatchObject({ shift: [0, 0, 0], white: 255 });
    expect(ann.preprocessing!.scale[0]).toBeCloseTo(0.017, 7);
    expect(ann.layers.map(({ kind }) => kind)).toEqual(['neurons', 'neurons', 'neurons', 'neurons', 'readout']);
  });

  it('its spikes agree', async () => {
    expectSpikesAgree(await importOnnx(ofImage([node('Sub', ['x', 'm'], 'p')], { m: meanImage(3, 8, 8) })));
  });

  it('maps for which that would cost more than the network are refused', async () => {
    const bytes = buildOnnx({
      input: ['N', 3, 224, 224],
      nodes: [
        node('Sub', ['x', 'm'], 'p'),
        ...stem.map((one) => (one.op === 'Conv' ? { ...one, in: ['p', 'w0', 'b0'] } : one)),
        node('GlobalMaxPool', ['a'], 'z'),
        ...head(4).nodes,
      ],
      tensors: { ...stemTensors(), ...head(4).tensors, m: random(3, 224, 224) },
    });
    await expect(importOnnx(bytes)).rejects.toThrow(UnsupportedModelError);
    await expect(importOnnx(bytes)).rejects.toThrow(
      /a constant \[3, 224, 224\] that differs from place to place.*take the mean of each channel/,
    );
  });
});
