/** Random networks of convolutions, batch norms, joins, pools and concats against ONNX Runtime. */

import fc from 'fast-check';
import { describe, it } from 'vitest';
import { buildOnnx, integers, type NodeSpec, real, type TensorSpec, whole } from '../helpers/onnx-builder.ts';
import { expectSameAsOnnx, randomNumbers } from '../helpers/onnx-compare.ts';

const KINDS = [
  ...(['conv', 'block', 'relu-pool', 'pool', 'average', 'concat', 'join', 'norm', 'slice', 'shuffle', 'split', 'gather'] as const),
  ...(['depthwise', 'groups', 'disguise', 'mean', 'quantized', 'last'] as const),
] as const;
/** Steps that leave a map which may be negative, or read one so. */
const SIGNED = ['linear', 'separable', 'norm-linear', 'add', 'leaky', 'clip', 'average-ceil', 'pad'] as const;

/** Steps that leave a map of whole multiples. */
const ROUNDED = ['pair', 'signed-pair', 'qcfs'] as const;

/** One step of growing a network; the numbers choose among the tensors there are. */
interface Step {
  readonly kind: (typeof KINDS)[number] | (typeof SIGNED)[number] | (typeof ROUNDED)[number];
  readonly pick: number;
  readonly other: number;
  readonly size: number;
}

const stepOf = (kinds: readonly Step['kind'][]): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    pick: fc.nat(1000),
    other: fc.nat(1000),
    size: fc.integer({ min: 1, max: 3 }),
  });

interface Map {
  readonly name: string;
  readonly channels: number;
  readonly extent: number;
}

/** A model from steps: every step reads maps and leaves one. */
function grow(steps: readonly Step[], seed: number): Uint8Array {
  const nodes: NodeSpec[] = [];
  const tensors: Record<string, TensorSpec> = {};
  let count = 0;
  const tensor = (dims: number[], map = (v: number) => v) => {
    const name = `t${count}`;
    tensors[name] = real(
      dims,
      randomNumbers(
        dims.reduce((a, b) => a * b, 1),
        seed * 1000 + count++,
      ).map(map),
    );
    return name;
  };
  const list = (values: number[]) => {
    const name = `t${count++}`;
    tensors[name] = whole(values);
    return name;
  };
  const constant = (value: number) => {
    const name = `t${count++}`;
    tensors[name] = real([], [value]);
    return name;
  };
  const add = (op: string, inputs: string[], attributes?: NodeSpec['attributes']) => {
    const out = `v${count++}`;
    nodes.push({ op, in: inputs, out: [out], name: `${op}/${out}`, ...(attributes && { attributes }) });
    return out;
  };
  const conv = (from: Map, channels: number, kernel: number, stride: number, group = 1) =>
    add('Conv', [from.name, tensor([channels, from.channels / group, kernel, kernel]), tensor([channels])], {
      ...{ kernel_shape: [kernel, kernel], strides: [stride, stride], group },
      pads: [kernel >> 1, kernel >> 1, kernel >> 1, kernel >> 1],
    });
  const norm = (from: string, channels: number) =>
    add('BatchNormalization', [from, ...[0, 1, 2].map(() => tensor([channels])), tensor([channels], (v) => v + 1.1)]);

  const first = (from: string) => add('Transpose', [from], { perm: [0, 3, 1, 2] });
  const last = (from: string) => add('Transpose', [from], { perm: [0, 2, 3, 1] });

  const channelsLast = seed % 2 === 1;
  const scaled = seed % 3 === 0 ? add('Add', [add('Mul', ['x', tensor([1], () => 4)]), tensor([1], () => -2)]) : 'x';
  const pixels = { name: channelsLast ? first(scaled) : scaled, channels: 3, extent: 8 };
  const maps: Map[] = [{ name: add('Relu', [conv(pixels, 4, 3, 1)]), channels: 4, extent: 8 }];
  for (const { kind, pick, other, size } of steps) {
    const from = maps[pick % maps.length];
    const { channels, extent } = from;
    const same = maps.filter((m) => m.extent === extent);
    const beside = same[other % same.length];
    if (kind === 'conv') {
      const stride = extent > 2 ? (size % 2) + 1 : 1;
      const group = channels % 2 === 0 && size === 3 ? 2 : 1;
      maps.push({
        name: add('Relu', [conv(from, size * 2, 3, stride, group)]),
        channels: size * 2,
        extent: Math.ceil(extent / stride),
      });
    } else if (kind === 'block') {
      const inner: Map = { name: add('Relu', [norm(conv(from, size, 1, 1), size)]), channels: size, extent };
      maps.push({ ...from, name: add('Relu', [add('Add', [norm(conv(inner, channels, 3, 1), channels), from.name])]) });
    } else if (kind === 'relu-pool' && extent > 2) {
      const pooled = add('MaxPool', [conv(from, 2, 3, 1)], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
      maps.push({ name: add('Clip', [pooled, 'low', 'high']), channels: 2, extent: Math.ceil(extent / 2) });
    } else if (kind === 'pool' && extent > 2) {
      maps.push({ ...from, name: add('MaxPool', [from.name], { kernel_shape: [size, size] }), extent: extent - size + 1 });
    } else if (kind === 'average') {
      const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: size % 2 };
      maps.push({ ...from, name: add('AveragePool', [from.name], attributes) });
    } else if (kind === 'concat' && channels + beside.channels < 40) {
      maps.push({ ...from, name: add('Concat', [from.name, beside.name], { axis: 1 }), channels: channels + beside.channels });
    } else if (kind === 'join') {
      const equal = same.filter((m) => m.channels === channels);
      maps.push({
        ...from,
        name: add('Relu', [add('Sum', [from.name, equal[other % equal.length].name, conv(beside, channels, 1, 1)])]),
      });
    } else if (kind === 'last') {
      const turned = last(from.name);
      const inside = size === 1 ? turned : add('Add', [turned, tensor(size === 2 ? [channels] : [1, 1, 1, channels])]);
      maps.push({ ...from, name: first(add('Relu', [inside])) });
    } else if (kind === 'norm') {
      maps.push({ ...from, name: add('Relu', [norm(from.name, channels)]) });
    } else if (kind === 'slice' && extent > 2) {
      tensors.two ??= { dims: [2], data: [2, 2] };
      tensors.axes ??= { dims: [2], data: [2, 3] };
      tensors.ends ??= { dims: [2], data: [99, 99] };
      tensors[`start${size % 2}`] ??= { dims: [2], data: [size % 2, 0] };
      const sliced = add('Slice', [from.name, `start${size % 2}`, 'ends', 'axes', 'two']);
      const height = Math.ceil((extent - (size % 2)) / 2);
      if (height === Math.ceil(extent / 2)) maps.push({ ...from, name: add('Relu', [sliced]), extent: height });
    } else if (kind === 'linear') {
      const dense = () => first(add('MatMul', [last(from.name), tensor([channels, size + 1])]));
      const name = size === 2 && other % 2 ? dense() : conv(from, size + 1, size === 2 ? 1 : 3, 1);
      maps.push({ name, channels: size + 1, extent });
    } else if (kind === 'separable') {
      const stride = extent > 2 ? (size % 2) + 1 : 1;
      maps.push({ ...from, name: conv(from, channels, 3, stride, channels), extent: Math.ceil(extent / stride) });
    } else if (kind === 'norm-linear') {
      const inside = () => first(add('Add', [add('Mul', [last(from.name), tensor([channels])]), tensor([1, 1, channels])]));
      maps.push({ ...from, name: other % 2 ? inside() : norm(from.name, channels) });
    } else if (kind === 'add') {
      const equal = same.filter((m) => m.channels === channels);
      maps.push({ ...from, name: add(size === 3 ? 'Mean' : 'Add', [from.name, equal[other % equal.length].name]) });
    } else if (kind === 'leaky') {
      const name = [
        () => add('LeakyRelu', [from.name]),
        () => add('PRelu', [from.name, tensor([channels, 1, 1])]),
        () => first(add('PRelu', [last(from.name), tensor([1, 1, channels])])),
      ][size - 1]();
      maps.push({ ...from, name });
    } else if (kind === 'clip') {
      tensors.below ??= real([], [-0.4]);
      maps.push({ ...from, name: add('Clip', [from.name, size === 1 ? '' : 'below', size === 2 ? '' : 'high']) });
    } else if (kind === 'average-ceil' && extent > 2) {
      const attributes = { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: size % 2 };
      const shrunk = size % 2 ? Math.ceil(extent / 2) : extent >> 1;
      maps.push({ ...from, name: add('AveragePool', [from.name], attributes), extent: shrunk });
    } else if (kind === 'pad' && extent < 9) {
      tensors.border ??= whole([0, 0, 1, 0, 0, 0, 0, 1]);
      const inside: Map = { ...from, name: add('Pad', [from.name, 'border']), extent: extent + 1 };
      maps.push({ ...inside, name: conv(inside, channels, 1, 1) });
    } else if (kind === 'shuffle' && channels % 2 === 0) {
      const groups = size % 2 === 0 ? 2 : channels / 2;
      const parts = [groups, channels / groups];
      const inside = other % 2 === 0;
      const dims = inside ? [0, ...parts, extent, extent] : [0, extent, extent, ...parts];
      const grouped = add('Reshape', [inside ? from.name : last(from.name), list(dims)]);
      const turned = add('Transpose', [grouped], { perm: inside ? [0, 2, 1, 3, 4] : [0, 1, 2, 4, 3] });
      const merged = add('Reshape', [turned, list(inside ? [0, -1, extent, extent] : [0, extent, extent, -1])]);
      maps.push({ ...from, name: inside ? merged : first(merged) });
    } else if (kind === 'split' && channels > 1) {
      const first = 1 + (other % (channels - 1));
      const [left, right] = [`v${count++}`, `v${count++}`];
      nodes.push({
        op: 'Split',
        in: [from.name, list([first, channels - first])],
        out: [left, right],
        name: left,
        attributes: { axis: 1 },
      });
      maps.push({ ...from, name: left, channels: first }, { ...from, name: right, channels: channels - first });
    } else if (kind === 'gather') {
      const picked = Array.from({ length: size }, (_, i) => (other * (i + 1) + i) % channels);
      maps.push({ ...from, name: add('Gather', [from.name, list(picked)], { axis: 1 }), channels: size });
    } else if (kind === 'depthwise') {
      maps.push({
        ...from,
        name: add('Relu', [conv(from, channels * (1 + (size % 2)), 3, 1, channels)]),
        channels: channels * (1 + (size % 2)),
      });
    } else if (kind === 'groups' && channels % 2 === 0) {
      maps.push({ ...from, name: add('Relu', [conv(from, size * 2, 3, 1, 2)]), channels: size * 2 });
    } else if (kind === 'disguise') {
      const sum = norm(from.name, channels);
      const name = [
        () => add('PRelu', [sum, 'low']),
        () => add('Where', [add('Less', ['low', sum]), sum, 'low']),
        () => add('Max', ['low', add('Neg', [sum])]),
      ][size - 1]();
      maps.push({ ...from, name });
    } else if (kind === 'mean') {
      const equal = same.filter((m) => m.channels === channels);
      maps.push({
        ...from,
        name: add('Relu', [add('Mean', [from.name, equal[other % equal.length].name, conv(beside, channels, 1, 1)])]),
      });
    } else if (kind === 'quantized') {
      const [weights, scale] = [`t${count++}`, tensor([size], (v) => 0.01 * (v + 1.1))];
      const bytes = Int8Array.from(randomNumbers(size * channels, seed), (v) => Math.round(127 * v));
      tensors[weights] = { dims: [size, channels, 1, 1], fields: { dataType: 3, rawData: new Uint8Array(bytes.buffer) } };
      const real = add('DequantizeLinear', [weights, scale], { axis: 0 });
      maps.push({ ...from, name: add('Relu', [add('Conv', [from.name, real])]), channels: size });
    } else if (kind === 'pair' || kind === 'signed-pair') {
      tensors[`step${size}`] ??= real([], [0.0373 * size]);
      tensors.zero ??= integers(3, [], Int8Array.of(-100));
      const numbers = [`step${size}`, kind === 'pair' ? '' : 'zero'];
      const sum = conv(from, channels, 1, 1);
      const quantised = add('QuantizeLinear', [size === 1 ? add('Relu', [sum]) : sum, ...numbers]);
      maps.push({ ...from, name: add('DequantizeLinear', [quantised, ...numbers]) });
    } else if (kind === 'qcfs') {
      const [lambda, steps] = [constant(0.917), constant(2 ** size - (pick % 2))];
      const scaled = add('Clip', [add('Div', [conv(from, channels, 3, 1), lambda]), 'low', constant(1)]);
      const rounded = add('Floor', [add('Add', [add('Mul', [scaled, steps]), constant(0.5)])]);
      maps.push({ ...from, name: add('Mul', [add('Div', [rounded, steps]), lambda]) });
    }
  }
  tensors.low = real([], [0]);
  tensors.high = real([], [0.7]);
  const end = maps.at(-1)!;
  const heads = [
    () => add('Flatten', [add('GlobalAveragePool', [end.name])]),
    () => add('ReduceMean', [last(end.name)], { axes: [1, 2], keepdims: 0 }),
    () => add('Flatten', [last(end.name)]),
  ];
  const features = seed % 3 === 2 ? end.channels * end.extent ** 2 : end.channels;
  const flat = heads[seed % 3]();
  const normed = seed % 4 === 0 ? add('Dropout', [norm(flat, features)]) : flat;
  const vector = seed % 8 === 0 && features < 600 ? add('Relu', [normed]) : normed;
  nodes.push({ op: 'Add', in: [add('MatMul', [vector, tensor([features, 5])]), tensor([5])], out: ['y'], name: 'fc' });
  return buildOnnx({ nodes, tensors, input: channelsLast ? ['N', 8, 8, 3] : ['N', 3, 8, 8] });
}

/** SEED and RUNS in the environment make it another or a longer search. */
const sameForAll = (kinds: readonly Step['kind'][], maxLength: number) =>
  fc.assert(
    fc.asyncProperty(fc.array(stepOf(kinds), { minLength: 1, maxLength }), fc.nat(1000), async (steps, seed) => {
      await expectSameAsOnnx(grow(steps, seed), { n: 1, seed });
    }),
    { seed: Number(process.env.SEED ?? 7), numRuns: Number(process.env.RUNS ?? 150) },
  );

describe('random networks', () => {
  it('give what ONNX Runtime gives', async () => {
    await sameForAll(KINDS, 10);
  });

  it('give it too where activations are quantised', async () => {
    await sameForAll([...KINDS, ...SIGNED, ...ROUNDED, ...ROUNDED, ...ROUNDED], 8);
  });

  it('give it too where values are negative and linear operators follow one another', async () => {
    await sameForAll([...KINDS, ...SIGNED, ...SIGNED], 8);
  });
});
