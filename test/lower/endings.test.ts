/** What follows the logits, which output has them, and what one logit alone says. */

import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../src/onnx/import.ts';
import { bestClass, perClass, softmax } from '../../src/run/logits.ts';
import { evaluateAnn } from '../helpers/ann-evaluate.ts';
import { buildOnnx, type ModelSpec, type NodeSpec, type TensorSpec, whole } from '../helpers/onnx-builder.ts';
import { expectClose, expectSameAsOnnx, randomNumbers, runOnnx } from '../helpers/onnx-compare.ts';
import { node, random, stem, stemTensors } from '../helpers/onnx-networks.ts';

/** Logits "l" of some classes from the stem, and what follows them; one image at a time where `batch` is 1. */
function model(classes: number, ending: NodeSpec[], tensors: Record<string, TensorSpec> = {}, more: Partial<ModelSpec> = {}) {
  const logits = [node('Flatten', ['a'], 'f'), node('Gemm', ['f', 'wf', 'bf'], 'l', { transB: 1 })];
  return buildOnnx({
    nodes: [...stem, ...logits, ...ending],
    tensors: { ...stemTensors(), wf: random(classes, 256), bf: random(classes), ...tensors },
    ...more,
  });
}

const image = randomNumbers(3 * 64, 4);

/** Our logits and ONNX Runtime's output for one image. */
async function both(bytes: Uint8Array): Promise<[Float32Array, Float32Array]> {
  return [evaluateAnn(await importOnnx(bytes), image, 1), await runOnnx(bytes, image, [1, 3, 8, 8])];
}

describe('endings', () => {
  it('Softmax and what moves no value behind it', async () => {
    const ending = [
      node('Softmax', ['l'], 's', { axis: 1 }),
      node('Reshape', ['s', 'to'], 'r'),
      node('Squeeze', ['r'], 'q', { axes: [2] }),
    ];
    const [logits, shares] = await both(
      model(
        5,
        [...ending, node('Identity', ['q'], 'i'), node('Cast', ['i'], 'y', { to: 1 })],
        { to: whole([0, 5, 1]) },
        { opset: 11 },
      ),
    );
    expectClose(Float32Array.from(softmax(logits)), shares);
  });

  it.each([
    ['one class', 1],
    ['five classes', 5],
  ])('Sigmoid of %s', async (_, classes) => {
    const [logits, shares] = await both(model(classes, [node('Sigmoid', ['l'], 'y')]));
    expect(logits).toHaveLength(classes);
    expectClose(
      logits.map((z) => 1 / (1 + Math.exp(-z))),
      shares,
    );
  });

  it('Softmax over classes that lie as maps, then Flatten', async () => {
    const nodes = [...stem, node('GlobalAveragePool', ['a'], 'p'), node('Conv', ['p', 'w', 'b'], 'c')];
    const ending = [node('Softmax', ['c'], 's', { axis: 1 }), node('Flatten', ['s'], 'y')];
    const [logits, shares] = await both(
      buildOnnx({ nodes: [...nodes, ...ending], tensors: { ...stemTensors(), w: random(6, 4, 1, 1), b: random(6) } }),
    );
    expectClose(Float32Array.from(softmax(logits)), shares);
  });

  it.each([0, 1])('ArgMax with keepdims %i, and a cast to integers of 32 bits', async (keepdims) => {
    const ending = [
      node('Softmax', ['l'], 's', { axis: -1 }),
      node('ArgMax', ['s'], 'k', { axis: 1, keepdims }),
      node('Cast', ['k'], 'y', { to: 6 }),
    ];
    const [logits, best] = await both(model(5, ending, {}, { outputType: 6 }));
    expect([...best]).toEqual([bestClass(logits)]);
  });

  it('logits without the batch', async () => {
    await expectSameAsOnnx(model(5, [node('Squeeze', ['l', 'ax'], 'y')], { ax: whole([0]) }, { input: [1, 3, 8, 8] }), { n: 1 });
    await expectSameAsOnnx(model(5, [node('Reshape', ['l', 'to'], 'y')], { to: whole([-1]) }, { input: [1, 3, 8, 8] }), { n: 1 });
  });

  it.each([
    ['Softmax over the batch', node('Softmax', ['l'], 'y', { axis: 0 }), /node "Softmax:y".*axis 0; take it over the classes/],
    ['ArgMax over the batch', node('ArgMax', ['l'], 'y'), /node "ArgMax:y".*axis 0; take it over the classes/],
    ['an axis that is not there', node('ArgMax', ['l'], 'y', { axis: 7 }), /axis 7 of 2 dimensions/],
    ['whole logits', node('Cast', ['l'], 'y', { to: 7 }), /node "Cast:y".*cast to another type than float/],
  ])('%s is refused', async (_, ending, message) => {
    await expect(importOnnx(model(5, [ending]))).rejects.toThrow(message);
  });
});

describe('several outputs', () => {
  const shares = node('Softmax', ['l'], 's', { axis: 1 });
  it.each([
    ['logits and shares', ['l', 's']],
    ['shares and logits', ['s', 'l']],
    ['a map of features and logits', ['a', 'l']],
    ['features, shares and logits', ['f', 's', 'l']],
  ])('%s: the logits', async (_, outputs) => {
    const bytes = model(5, [shares], {}, { outputs });
    expectClose(evaluateAnn(await importOnnx(bytes), image, 1), await logitsOf(bytes));
  });

  const two = (outputs: string[]) =>
    model(5, [node('Gemm', ['f', 'w2'], 'l2', { transB: 1 })], { w2: random(7, 256) }, { outputs });
  it('two heads: the one that is named', async () => {
    const main = await importOnnx(two(['l', 'l2']), { output: 'l' });
    const other = await importOnnx(two(['l', 'l2']), { output: 'l2' });
    expect([main, other].map(({ layers }) => layers.at(-1)!.shape.channels)).toEqual([5, 7]);
    await expect(importOnnx(two(['l', 'l2']))).rejects.toThrow(/several outputs: "l", "l2"; name the one/);
    await expect(importOnnx(two(['l', 'l2']), { output: 'l3' })).rejects.toThrow(/output "l3": the outputs are "l", "l2"/);
  });

  /** ONNX Runtime's output of the name "l", which the builder puts anywhere. */
  async function logitsOf(bytes: Uint8Array): Promise<Float32Array> {
    return runOnnx(bytes, image, [1, 3, 8, 8], 'l');
  }
});

describe('one logit', () => {
  it.each([
    [-0.5, 0],
    [0, 0],
    [0.5, 1],
  ])('%d decides for class %i', (z, best) => {
    const [no, yes] = softmax(perClass(Float32Array.of(z)));
    expect(bestClass([z])).toBe(best);
    expect(bestClass(perClass(Float32Array.of(z)))).toBe(best);
    expect(yes).toBeCloseTo(1 / (1 + Math.exp(-z)), 12);
    expect(no + yes).toBeCloseTo(1, 12);
  });
});
