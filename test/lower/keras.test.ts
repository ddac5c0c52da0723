/** Networks with the channels last, as Keras' exporters write them, against their twins with the channels first: the same bits. */

import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { shapeSize } from '../../src/ann/ann.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { simulate } from '../../src/reference/simulate.ts';
import { evaluateAnn } from '../helpers/ann-evaluate.ts';
import { buildOnnx, type NodeSpec, real, type TensorSpec, whole } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx, randomNumbers } from '../helpers/onnx-compare.ts';
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

/** Words and potentials of an image, converted. */
function spikes(ann: Ann) {
  const options = { phaseBits: 4, initial: 'half', mean: [0.5], std: [0.25] } as const;
  const network = quantize(ann, { ...options, scales: ann.layers.map(() => 4) });
  const pixels = Uint8Array.from(randomNumbers(192, 4), (v) => 127 * (v + 1));
  return simulate(network, pixels, 2);
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
    const [ran, expected] = (await both()).map(spikes);
    expect(ran).toEqual(expected);
    expect(new Set(ran.words[0][0]).size).toBeGreaterThan(5);
  });
});

/** Maps of `channels` at `extent` × `extent` places. */
interface Maps {
  readonly name: string;
  readonly channels: number;
  readonly extent: number;
}

/** Grows a network with the channels last, or by the same calls its twin with the channels first, with the same names and numbers. */
class Net {
  private readonly nodes: NodeSpec[] = [];
  private readonly tensors: Record<string, TensorSpec> = {};
  private count = 0;
  readonly pixels: Maps = { name: 'x', channels: 3, extent: 8 };

  constructor(private readonly isLast: boolean) {}

  numbers(...dims: number[]): string {
    const name = `t${this.count++}`;
    const size = dims.reduce((a, b) => a * b, 1);
    this.tensors[name] = real(dims, randomNumbers(size, this.count));
    return name;
  }

  /** One number a channel, for operators that broadcast. */
  each(channels: number): string {
    return this.isLast ? this.numbers(1, 1, channels) : this.numbers(channels, 1, 1);
  }

  /** Numbers for each feature of flattened maps, above zero. */
  features({ channels, extent }: Maps, columns?: number): string {
    const [area, width] = [extent ** 2, columns ?? 1];
    const name = this.numbers(channels * area * width);
    const data = this.tensors[name].data as Float32Array;
    const from = (i: number) => {
      const row = Math.floor(i / width);
      return this.isLast ? ((row % channels) * area + Math.floor(row / channels)) * width + (i % width) : i;
    };
    const dims = columns ? [channels * area, columns] : [channels * area];
    this.tensors[name] = real(
      dims,
      data.map((_, i) => (columns ? data[from(i)] : data[from(i)] + 1.5)),
    );
    return name;
  }

  add(op: string, inputs: string[], attributes?: NodeSpec['attributes']): string {
    const out = `v${this.count++}`;
    this.nodes.push(node(op, inputs, out, attributes));
    return out;
  }

  /** An operator that takes maps with the channels first. */
  over(op: string, from: Maps, more: string[], attributes?: NodeSpec['attributes']): Maps {
    if (!this.isLast) return { ...from, name: this.add(op, [from.name, ...more], attributes) };
    const turned = `${from.name}/${this.nodes.length}`;
    this.nodes.push(first(from.name, turned));
    const name = this.add(op, [turned, ...more], attributes);
    this.nodes.push(last(name, `${name}/last`));
    return { ...from, name: `${name}/last` };
  }

  /** An operator that takes each value by itself. */
  on(op: string, from: Maps, ...more: string[]): Maps {
    return { ...from, name: this.add(op, [from.name, ...more]) };
  }

  conv(from: Maps, channels: number, kernel: number, group = 1): Maps {
    const stored = [this.numbers(channels, from.channels / group, kernel, kernel), this.numbers(channels)];
    return { ...this.over('Conv', from, stored, { auto_pad: 'SAME_UPPER', group }), channels };
  }

  /** Dense over the channels, or the 1 × 1 convolution with its weights. */
  dense(from: Maps, channels: number): Maps {
    const stored = this.numbers(from.channels, channels);
    if (this.isLast) return { ...this.on('MatMul', from, stored), channels };
    const data = this.tensors[stored].data as Float32Array;
    const rows = data.map((_, i) => data[(i % from.channels) * channels + Math.floor(i / from.channels)]);
    this.tensors[stored] = real([channels, from.channels, 1, 1], rows);
    return { ...this.over('Conv', from, [stored]), channels };
  }

  depthwise = (from: Maps): Maps => this.conv(from, from.channels, 3, from.channels);
  relu = (from: Maps): Maps => this.on('Relu', from);
  stem = (): Maps => this.relu(this.conv(this.pixels, 4, 3));

  /** Logits of flattened maps. */
  end(maps: Maps, features = this.add('Flatten', [maps.name])): Uint8Array {
    this.nodes.push(node('MatMul', [features, this.features(maps, 5)], 'y'));
    const { nodes, tensors } = this;
    return buildOnnx({ nodes, tensors, input: this.isLast ? ['N', 8, 8, 3] : ['N', 3, 8, 8] });
  }
}

const POOL = { kernel_shape: [3, 3], strides: [1, 1], auto_pad: 'SAME_UPPER' };

/** Flattened maps, normalised feature by feature. */
function normalised(net: Net, maps: Maps): string {
  const flat = net.add('Flatten', [maps.name]);
  const statistics = Array.from({ length: 4 }, () => net.features(maps));
  return net.add('Dropout', [net.add('BatchNormalization', [flat, ...statistics])]);
}

/** (x − mean) / std, then two convolutions in a row. */
function chainOfNormalised(net: Net): Uint8Array {
  const [mean, std] = [net.add('Abs', [net.each(3)]), net.add('Abs', [net.each(3)])];
  const pixels = net.on('Div', net.on('Sub', net.pixels, mean), std);
  return net.end(net.relu(net.conv(net.depthwise(pixels), 8, 1)));
}

const NETS: [name: string, grow: (net: Net) => Uint8Array][] = [
  [
    'an inverted residual: pointwise, depthwise, pointwise without ReLU, and the sum',
    (net) => {
      const from = net.conv(net.stem(), 4, 1);
      const inner = net.relu(net.depthwise(net.relu(net.conv(from, 12, 1))));
      const sum = net.on('Add', from, net.conv(inner, 4, 1).name);
      return net.end(net.relu(net.conv(sum, 6, 3)));
    },
  ],
  ['a separable convolution', (net) => net.end(net.relu(net.conv(net.depthwise(net.stem()), 8, 1)))],
  ['one whose second half is Dense', (net) => net.end(net.relu(net.dense(net.depthwise(net.stem()), 8)))],
  ['PRelu with a slope a channel', (net) => net.end(net.on('PRelu', net.conv(net.stem(), 4, 3), net.each(4)))],
  ['an average before ReLU', (net) => net.end(net.relu(net.over('AveragePool', net.conv(net.stem(), 4, 1), [], POOL)))],
  ['a maximum without ReLU', (net) => net.end(net.over('MaxPool', net.conv(net.stem(), 4, 1), [], POOL))],
  [
    'a shift before padding',
    (net) => net.end(net.relu(net.conv(net.on('Add', net.on('Mul', net.stem(), net.each(4)), net.each(4)), 4, 3))),
  ],
  ['a normalisation in the graph, and two convolutions in a row', chainOfNormalised],
  [
    'BatchNormalization feature by feature behind Flatten',
    (net) => {
      const maps = net.stem();
      return net.end(maps, normalised(net, maps));
    },
  ],
  [
    'the same, rectified',
    (net) => {
      const maps = net.stem();
      return net.end(maps, net.add('Relu', [normalised(net, maps)]));
    },
  ],
];

describe('linear operators in a row, with the channels last', () => {
  it.each(NETS)('%s', async (_, grow) => {
    const ann = await expectSameAsOnnx(grow(new Net(true)));
    const twin = await expectSameAsOnnx(grow(new Net(false)));
    expect({ ...ann, input: twin.input }).toEqual(twin);
    expect(ann.input.layout).toBe('nhwc');
    expect(spikes(ann)).toEqual(spikes(twin));
  });

  it('leave the normalisation of the pixels to mean and std', async () => {
    const { preprocessing, layers } = await importOnnx(chainOfNormalised(new Net(true)));
    expect(preprocessing).toMatchObject({ white: 1 });
    expect(layers.map(({ name }) => name)).toEqual(['Conv:v8', 'Conv:v8/off', 'Relu:v12', 'MatMul:y']);
  });
});
