/** Networks with a few nodes changed at random: refused with a `BsnnError`, or the same as ONNX Runtime where that runs them too. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ann, shapeSize } from '../../src/ann/ann.ts';
import { BsnnError } from '../../src/errors.ts';
import { FOLDS } from '../../src/lower/fold/fold.ts';
import { OPERATORS } from '../../src/lower/operators.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { evaluateAnn } from '../helpers/ann-evaluate.ts';
import { type AttributeValue, buildOnnx, type NodeSpec, whole } from '../helpers/onnx-builder.ts';
import { expectClose, randomNumbers, runOnnx } from '../helpers/onnx-compare.ts';
import { bn, floats, head, node, random, stem, stemTensors, weights } from '../helpers/onnx-networks.ts';

/** From "a" (4 × 8 × 8) through one node of each family to "z" (4 × 1 × 1), whatever the sizes between are. */
const nodes: readonly NodeSpec[] = [
  ...stem,
  node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }),
  node('BatchNormalization', ['c', 's', 'o', 'm', 'v'], 'n'),
  node('Add', ['n', 'a'], 'sum'),
  node('Clip', ['sum', 'zero', 'one'], 'r'),
  node('Concat', ['r', 'a'], 'k', { axis: 1 }),
  node('Pad', ['k', 'pads'], 'p'),
  node('MaxPool', ['p'], 'mp', { kernel_shape: [3, 3], strides: [2, 2] }),
  node('Conv', ['mp', 'w2'], 'c2'),
  node('Mul', ['c2', 'scale'], 'sc'),
  node('Relu', ['sc'], 'r2'),
  node('AveragePool', ['r2'], 'ap', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  node('Slice', ['ap', 'from', 'to', 'axes', 'steps'], 'sl'),
  node('Relu', ['sl'], 'r3'),
  node('GlobalAveragePool', ['r3'], 'z'),
  ...head(4).nodes,
];
const tensors = {
  ...{ ...stemTensors(), ...weights(4, 4, 3, 3), ...bn(4), w2: random(4, 8, 1, 1), ...head(4).tensors },
  ...{ zero: floats([0]), one: floats([1]), scale: random(1, 4, 1, 1), pads: whole([0, 0, 0, 0, 0, 0, 1, 1]) },
  ...{ from: whole([0, 0]), to: whole([99, 99]), axes: whole([2, 3]), steps: whole([2, 2]) },
};
const names = ['x', '', ...Object.keys(tensors), ...nodes.flatMap((n) => n.out)];
const operators = [...new Set([...OPERATORS.keys(), ...Object.keys(FOLDS)])];

/** Attributes that ONNX Runtime knows of each operator; it refuses others. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  AveragePool: ['kernel_shape', 'strides', 'pads', 'auto_pad', 'ceil_mode', 'count_include_pad'],
  BatchNormalization: ['epsilon'],
  Concat: ['axis'],
  Conv: ['kernel_shape', 'strides', 'pads', 'auto_pad', 'dilations', 'group'],
  Flatten: ['axis'],
  Gemm: ['alpha', 'beta', 'transA', 'transB'],
  MaxPool: ['kernel_shape', 'strides', 'pads', 'auto_pad', 'dilations', 'ceil_mode'],
  Pad: ['mode'],
};

const attribute: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.integer({ min: -3, max: 4 }),
  fc.constantFrom<AttributeValue>(
    2 ** 31,
    -(2 ** 40),
    { real: 0.5 },
    { real: Number.NaN },
    'SAME_UPPER',
    'SAME_LOWER',
    'VALID',
    '',
  ),
  fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 5 }),
  fc.constantFrom<AttributeValue>(
    [2, 3],
    [0, 2, 3, 1],
    [0, 1, 3, 2],
    [1, 2],
    [2, 2],
    [3, 3],
    [1, 1, 0, 0],
    [0, 1, 1, 0],
    [1, 1, 1, 1],
    {
      tensor: floats([2]),
    },
  ),
);
const window: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.constantFrom(0, 1, 2),
  fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }),
  fc.constantFrom('SAME_UPPER', 'SAME_LOWER', 'VALID'),
);
const change = fc.oneof(
  fc.record({ what: fc.constant('operator' as const), at: fc.nat(), to: fc.constantFrom(...operators) }),
  fc.record({ what: fc.constant('input' as const), at: fc.nat(), index: fc.nat(4), to: fc.constantFrom(...names) }),
  fc.record({ what: fc.constant('fewer' as const), at: fc.nat(), count: fc.nat(3) }),
  fc.record({ what: fc.constant('attribute' as const), at: fc.nat(), key: fc.nat(), to: attribute }),
  fc.record({ what: fc.constant('skip' as const), at: fc.nat() }),
  fc.record({ what: fc.constant('attribute' as const), at: fc.nat(), key: fc.nat(), to: window }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(list: readonly NodeSpec[], c: Change): NodeSpec[] {
  const at = c.at % list.length;
  const old = list[at];
  if (c.what === 'operator') return list.with(at, { ...old, op: c.to });
  if (c.what === 'input')
    return list.with(at, { ...old, in: old.in.length > c.index ? old.in.with(c.index, c.to) : [...old.in, c.to] });
  if (c.what === 'fewer') return list.with(at, { ...old, in: old.in.slice(0, c.count) });
  if (c.what === 'attribute') {
    const known = ATTRIBUTES[old.op];
    if (!known) return apply(list, { ...c, at: at + 1 });
    return list.with(at, { ...old, attributes: { ...old.attributes, [known[c.key % known.length]]: c.to } });
  }
  return list.with(at, { ...old, op: 'Identity', in: old.in.slice(0, 1), attributes: {} });
}

/** The network, or `undefined` where it is refused with one of our errors. */
async function importOrRefuse(bytes: Uint8Array): Promise<Ann | undefined> {
  try {
    return await importOnnx(bytes);
  } catch (error) {
    if (error instanceof BsnnError) return undefined;
    throw error;
  }
}

describe('changed networks', () => {
  it('are refused, or give what ONNX Runtime gives', async () => {
    // SEED and RUNS in the environment make it a longer search.
    let same = 0;
    const results = new Set<string>();
    const opset = fc.constantFrom(11, 12, 13, 13, 13, 15);
    const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), opset, async (changes, version) => {
      const bytes = buildOnnx({ nodes: changes.reduce<NodeSpec[]>(apply, [...nodes]), tensors, opset: version });
      const ann = await importOrRefuse(bytes);
      if (!ann) return;
      const image = randomNumbers(shapeSize(ann.input), 5);
      const wanted = await runOnnx(bytes, image, [1, 3, 8, 8]).catch(() => undefined);
      if (!wanted) return;
      expectClose(evaluateAnn(ann, image, 1), wanted);
      same++;
      results.add(wanted.join());
    });
    await fc.assert(property, { seed: Number(process.env.SEED ?? 11), numRuns: Number(process.env.RUNS ?? 1500) });
    // Enough must have been compared, and not always the same network, or this test tests nothing.
    expect(same).toBeGreaterThan(150);
    expect(results.size).toBeGreaterThan(30);
  });
});
