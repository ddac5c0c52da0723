/** Nodes as they are in the file: operators by domain, attributes of every kind. */

import { describe, expect, it } from 'vitest';
import { ModelFormatError, UnsupportedModelError } from '../../src/errors.ts';
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

it('a list of reals is an attribute too', () => {
  const attribute = [{ name: 'scales', type: 6, floats: [0.5, 2] }];
  const [node] = parse(modelOf([{ opType: 'Some', input: ['x'], output: ['y'], attribute }])).nodes;
  expect(node.attributes.get('scales')).toEqual([0.5, 2]);
});

/** A model of nodes and functions of the domain "local", as they are in the file. */
function modelOf(node: object[], functions: object[] = []): Uint8Array {
  const shape = { dim: [{ dimValue: 1 }, { dimValue: 3 }] };
  const graph = { node, input: [{ name: 'x', type: { tensorType: { elemType: 1, shape } } }], output: [{ name: 'y' }] };
  const opsetImport = [{ version: 13 }, { domain: 'local', version: 1 }];
  const whole = functions.map((one) => ({ domain: 'local', opsetImport, ...one }));
  return encodeModel({ irVersion: 8, opsetImport, graph, functions: whole });
}

describe('functions', () => {
  const call = (attribute: object[] = []) => ({ opType: 'F', domain: 'local', name: 'f', input: ['x'], output: ['y'], attribute });
  const slope = { name: 'alpha', type: 1, refAttrName: 'slope' };
  const leaky = (attribute: object[]) => ({ opType: 'LeakyRelu', input: ['a'], output: ['b'], attribute });
  const attributesOf = (bytes: Uint8Array) => Object.fromEntries(parse(bytes).nodes[0].attributes);

  it('their nodes come in order, named after the call', () => {
    const node = [leaky([]), { opType: 'Relu', input: ['b'], output: ['c'], name: 'last' }];
    const { nodes } = parse(modelOf([call()], [{ name: 'F', input: ['a'], output: ['c'], node }]));
    expect(nodes).toMatchObject([
      { name: 'f/LeakyRelu_0', operator: 'LeakyRelu', inputs: ['x'], outputs: ['y/local.F/b'] },
      { name: 'f/last', operator: 'Relu', inputs: ['y/local.F/b'], outputs: ['y'] },
    ]);
  });

  it('an input that is handed on, and a result that is given twice, are identities', () => {
    const two = { opType: 'F', domain: 'local', name: 'f', input: ['x'], output: ['p', 'y', 'q'] };
    const node = [{ opType: 'Relu', input: ['a'], output: ['b'] }];
    const { nodes } = parse(modelOf([two], [{ name: 'F', input: ['a'], output: ['a', 'b', 'b'], node }]));
    expect(nodes).toEqual([
      { name: 'f/Relu_0', operator: 'Relu', inputs: ['x'], outputs: ['y'], attributes: new Map() },
      { name: 'f/a', operator: 'Identity', inputs: ['x'], outputs: ['p'], attributes: new Map() },
      { name: 'f/b', operator: 'Identity', inputs: ['y'], outputs: ['q'], attributes: new Map() },
    ]);
  });

  it('an attribute of the call, else the function’s default, else none', () => {
    const takes = { name: 'F', input: ['a'], output: ['b'], node: [leaky([slope])] };
    const given = call([{ name: 'slope', type: 1, f: 0.25 }]);
    const defaults = [{ name: 'slope', type: 1, f: 0.5 }];
    expect(attributesOf(modelOf([given], [takes]))).toEqual({ alpha: 0.25 });
    expect(attributesOf(modelOf([given], [{ ...takes, attributeProto: defaults }]))).toEqual({ alpha: 0.25 });
    expect(attributesOf(modelOf([call()], [{ ...takes, attributeProto: defaults }]))).toEqual({ alpha: 0.5 });
    expect(attributesOf(modelOf([call()], [takes]))).toEqual({});
  });

  it('an attribute that refers to a function around it, where there is none', () => {
    const parsed = () => parse(modelOf([{ ...leaky([slope]), name: 'lone' }]));
    expect(parsed).toThrow(UnsupportedModelError);
    const remedy = 'inline the functions (Python: onnx.inliner)';
    expect(parsed).toThrow(expect.objectContaining({ code: 'unsupported-operator', where: 'node "lone"', remedy }));
    expect(parsed).toThrow('attribute "alpha" refers to attribute "slope" of a function around it');
  });

  it('one that calls itself is refused by name', () => {
    const node = [{ opType: 'F', domain: 'local', input: ['a'], output: ['b'] }];
    const parsed = () => parse(modelOf([call()], [{ name: 'F', input: ['a'], output: ['b'], node }]));
    expect(parsed).toThrow(expect.objectContaining({ code: 'too-large', remedy: 'export the model without functions' }));
    expect(parsed).toThrow(/node "f\/F_0\/.*": functions within functions, more than 16 deep/);
  });
});

it('a graph within that is cut short', () => {
  const cut = { name: 'then_branch', type: 5, g: Uint8Array.of(0x0a, 40, 1) };
  const parsed = () => parse(modelOf([{ opType: 'If', name: 'if', input: ['x'], output: ['y'], attribute: [cut] }]));
  expect(parsed).toThrow(ModelFormatError);
  const remedy = 'give an ONNX file (.onnx), whole and unpacked';
  expect(parsed).toThrow(expect.objectContaining({ code: 'not-onnx', where: 'node "if"', remedy }));
  expect(parsed).toThrow('a graph that is not whole');
});
