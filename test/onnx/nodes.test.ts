/** Nodes as they are in the file: operators by domain, attributes of every kind. */

import { expect, it } from 'vitest';
import { UnsupportedModelError } from '../../src/errors.ts';
import { operatorOf } from '../../src/onnx/nodes.ts';
import { MINIMUM_OPSET, parseModel } from '../../src/onnx/parse.ts';
import { buildOnnx, encodeModel, whole } from '../helpers/onnx-builder.ts';

it.each([
  ['', 'Relu', 'Relu'],
  ['ai.onnx', 'Relu', 'Relu'],
  ['ai.onnx.ml', 'Scaler', 'ai.onnx.ml.Scaler'],
  ['com.microsoft', 'QGemm', 'com.microsoft.QGemm'],
])('domain "%s", operator %s: %s', (domain, name, operator) => {
  expect(operatorOf(domain, name)).toBe(operator);
});

it('attributes of every kind', () => {
  const attributes = { real: { real: 0.5 }, integer: -3, text: 'SAME_UPPER', integers: [1, -2], tensor: { tensor: whole([7, 8]) } };
  const inner = { graph: { nodes: [{ op: 'Relu', in: ['z'], out: ['y'] }], outputs: ['y'] } };
  const bytes = buildOnnx({
    nodes: [{ op: 'Some', domain: 'far', in: ['x'], out: ['y'], attributes: { ...attributes, inner } }],
  });
  const [node] = parseModel(bytes, 'the file', () => expect.fail('external data was read')).nodes;
  expect([node.name, node.operator, node.outputs]).toEqual(['Some_0', 'far.Some', ['y']]);
  // what the graph within takes from outside is an input of its node
  expect(node.inputs).toEqual(['x', 'z']);
  expect(Object.fromEntries(node.attributes)).toMatchObject({
    ...{ real: 0.5, integer: -3, text: 'SAME_UPPER', integers: [1, -2] },
    tensor: { dims: [2], type: 'integer', data: Float64Array.of(7, 8) },
    inner: { nodes: [{ operator: 'Relu', inputs: ['z'] }], outputs: ['y'] },
  });
});

const parse = (bytes: Uint8Array) => parseModel(bytes, 'some.onnx', () => expect.fail('external data was read'));
const relu = { nodes: [{ op: 'Relu', in: ['x'], out: ['y'] }] };

it('the oldest operator set that is understood, and one older', () => {
  expect(parse(buildOnnx({ ...relu, opset: MINIMUM_OPSET })).opset).toBe(7);
  const older = () => parse(buildOnnx({ ...relu, opset: 6 }));
  expect(older).toThrow(UnsupportedModelError);
  const remedy = expect.stringContaining('export with opset 7 or later');
  expect(older).toThrow(expect.objectContaining({ code: 'opset', where: 'some.onnx', remedy }));
  expect(older).toThrow(/operator set 6/);
});

it('the operator set is that of ONNX’s own domain, by either name', () => {
  const graph = {
    node: [{ opType: 'Relu', input: ['x'], output: ['y'] }],
    input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }, { dimValue: 3 }] } } } }],
    output: [{ name: 'y' }],
  };
  const imports = (...opsetImport: object[]) => encodeModel({ irVersion: 8, opsetImport, graph });
  expect(parse(imports({ domain: 'far', version: 2 }, { domain: 'ai.onnx', version: 12 })).opset).toBe(12);
  expect(parse(imports({ domain: 'far', version: 2 }, { domain: '', version: 14 })).opset).toBe(14);
  expect(() => parse(imports({ domain: 'far', version: 9 }))).toThrow(/no version of ONNX's operator set/);
  const twice = { ...graph, initializer: [1, 2].map(() => ({ name: 'w', dims: [1], dataType: 1, rawData: new Uint8Array(4) })) };
  const doubled = encodeModel({ irVersion: 8, opsetImport: [{ version: 13 }], graph: twice });
  expect(() => parse(doubled)).toThrow(expect.objectContaining({ code: 'duplicate-tensor', remedy: 'export the model again' }));
});

it.each([
  [[3], false],
  [['N', 3], true],
  [['N', 3, 4], true],
  [['N', 3, 4, 5], true],
  [['N', 3, 4, 5, 6], false],
])('an input of sizes %j is taken: %s', (input, taken) => {
  const parsed = () => parse(buildOnnx({ ...relu, input }));
  if (taken) expect(parsed().outputs).toEqual(['y']);
  else expect(parsed).toThrow(`rank ${input.length}; understood are [batch, …] of an image`);
});
