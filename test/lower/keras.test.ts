/** A network with the channels last, as Keras' exporters write it, against its twin with the channels first: the same bits. */

import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { shapeSize } from '../../src/ann/ann.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { simulate } from '../../src/reference/simulate.ts';
import { evaluateAnn } from '../helpers/ann-evaluate.ts';
import { buildOnnx, real, whole } from '../helpers/onnx-builder.ts';
import { randomNumbers } from '../helpers/onnx-compare.ts';
import { channelsFirst as first, channelsLast as last, node, random } from '../helpers/onnx-networks.ts';

/** A small network as Keras' exporters write it: channels last, Pad, biases and scales as nodes of their own, MatMul behind a Reshape. */
function kerasNetwork(): { nhwc: Uint8Array; nchw: Uint8Array } {
  const tensors = {
    w0: random(6, 3, 3, 3),
    b0: random(6),
    w1: random(6, 6, 3, 3),
    b1: random(6),
    wd: random(96, 10),
    bd: random(10),
  };
  const pool = { kernel_shape: [2, 2], strides: [2, 2] };
  const same = { auto_pad: 'SAME_UPPER' };
  const nhwc = buildOnnx({
    input: ['N', 8, 8, 3],
    nodes: [
      node('Pad', ['x', 'pads'], 'xp'),
      first('xp', 'x1'),
      node('Conv', ['x1', 'w0'], 'c0'),
      last('c0', 'c0l'),
      node('Add', ['c0l', 'b0'], 'd0'),
      node('Relu', ['d0'], 'r0'),
      first('r0', 'r1'),
      node('Conv', ['r1', 'w1', 'b1'], 'c1', same),
      last('c1', 'c1l'),
      node('Add', ['c1l', 'r0'], 's'),
      node('Relu', ['s'], 'r2'),
      first('r2', 'r3'),
      node('MaxPool', ['r3'], 'm', pool),
      last('m', 'ml'),
      node('Reshape', ['ml', 'flat'], 'f'),
      node('MatMul', ['f', 'wd'], 'g'),
      node('Add', ['g', 'bd'], 'l'),
      node('Softmax', ['l'], 'y', { axis: -1 }),
    ],
    tensors: { ...tensors, pads: whole([0, 1, 1, 0, 0, 1, 1, 0]), flat: whole([-1, 96]) },
  });
  const permuted = Float32Array.from({ length: 960 }, (_, i) => {
    const [feature, o] = [Math.floor(i / 10), i % 10];
    const [c, place] = [Math.floor(feature / 16), feature % 16];
    return (tensors.wd.data as Float32Array)[(place * 6 + c) * 10 + o];
  });
  const nchw = buildOnnx({
    nodes: [
      node('Conv', ['x', 'w0', 'b0'], 'c0', { pads: [1, 1, 1, 1] }),
      node('Relu', ['c0'], 'r0'),
      node('Conv', ['r0', 'w1', 'b1'], 'c1', { pads: [1, 1, 1, 1] }),
      node('Add', ['c1', 'r0'], 's'),
      node('Relu', ['s'], 'r2'),
      node('MaxPool', ['r2'], 'm', pool),
      node('Flatten', ['m'], 'f'),
      node('MatMul', ['f', 'wp'], 'g'),
      node('Add', ['g', 'bd'], 'l'),
      node('Softmax', ['l'], 'y', { axis: -1 }),
    ],
    tensors: { ...tensors, wp: real([96, 10], permuted) },
  });
  return { nhwc, nchw };
}

describe('a network as Keras’ exporters write it', () => {
  const { nhwc, nchw } = kerasNetwork();
  const both = async (): Promise<[Ann, Ann]> => [await importOnnx(nhwc), await importOnnx(nchw)];

  it('gives the logits of its twin with the channels first, bit for bit', async () => {
    const [ann, twin] = await both();
    expect(ann.input).toEqual({ ...twin.input, layout: 'nhwc' });
    expect(ann.layers).toEqual(twin.layers);
    const images = randomNumbers(2 * shapeSize(ann.input), 3);
    const logits = evaluateAnn(ann, images, 2);
    expect([...logits]).toEqual([...evaluateAnn(twin, images, 2)]);
    expect(new Set(logits).size).toBe(20);
  });

  it('and the same words and potentials once converted', async () => {
    const options = { phaseBits: 4, initial: 'half', mean: [0.5], std: [0.25] } as const;
    const [ran, expected] = (await both()).map((ann) => {
      const network = quantize(ann, { ...options, scales: ann.layers.map(() => 4) });
      const pixels = Uint8Array.from(randomNumbers(192, 4), (v) => 127 * (v + 1));
      return simulate(network, pixels, 2);
    });
    expect(ran).toEqual(expected);
    expect(new Set(ran.words[0][0]).size).toBeGreaterThan(5);
  });
});
