/** Nodes as they are in the file: operators by domain, attributes of every kind. */

import { expect, it } from 'vitest';
import { operatorOf } from '../../src/onnx/nodes.ts';
import { parseModel } from '../../src/onnx/parse.ts';
import { buildOnnx, whole } from '../helpers/onnx-builder.ts';

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
