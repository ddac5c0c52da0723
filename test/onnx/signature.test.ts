/** What a graph takes and gives, and what it may not be made of: refused by code and place. */

import { describe, expect, it } from 'vitest';
import { importOnnx, importWithGraph } from '../../src/onnx/import.ts';
import { parseModel } from '../../src/onnx/parse.ts';
import { modelMessage } from '../../src/onnx/schema.ts';
import { buildOnnx, encodeModel, type ModelSpec, real } from '../helpers/onnx-builder.ts';
import { refusalOf } from '../helpers/refusal.ts';

/** A linear classifier of 3 features and 2 classes. */
const LINEAR: ModelSpec = {
  input: ['N', 3],
  nodes: [{ op: 'Gemm', in: ['x', 'w'], out: ['y'], name: 'fc', attributes: { transB: 1 } }],
  tensors: { w: real([2, 3], [1, 2, 3, 4, 5, 6]) },
};
const linear = (over: Partial<ModelSpec> = {}): Uint8Array => buildOnnx({ ...LINEAR, ...over });

const parse = (bytes: Uint8Array) => parseModel(bytes, 'a.onnx', () => expect.fail('external data was read'));

/** The sound model with fields of its message, or of its graph, in place of its own. */
function changed(model: object, graph: object = {}): Uint8Array {
  const whole = modelMessage.decode(linear()) as unknown as { readonly graph: object };
  return encodeModel({ ...whole, ...model, graph: { ...whole.graph, ...graph } });
}

const input = (tensorType: object | null, name = 'x') => ({ name, ...(tensorType && { type: { tensorType } }) });
const sized = (...dims: readonly object[]) => ({ elemType: 1, shape: { dim: dims } });

describe('the input', () => {
  it.each<[string, NonNullable<ModelSpec['input']>, number[]]>([
    ['a batch with a name', ['N', 3], [1, 3]],
    ['a batch of 0', [0, 3], [1, 3]],
    ['a batch of −1', [-1, 3], [1, 3]],
    ['a batch of 5', [5, 3], [5, 3]],
  ])('%s', (_, dims, expected) => {
    expect(parse(linear({ input: dims })).input).toEqual({ name: 'x', dims: expected, bytes: false });
  });

  it.each([
    [1, false],
    [2, true],
    [10, false],
    [11, false],
  ])('of element type %i: bytes are %s', (type, bytes) => {
    expect(parse(linear({ inputs: [{ name: 'x', dims: [1, 3], type }] })).input.bytes).toBe(bytes);
  });

  it('is the one that is no initializer', () => {
    const inputs = [
      { name: 'w', dims: [2, 3] },
      { name: 'x', dims: [1, 3] },
    ];
    expect(parse(linear({ inputs })).input.name).toBe('x');
  });

  it.each<[string, Uint8Array, [string, string, RegExp]]>([
    ['none', linear({ inputs: [] }), ['no-input', 'a.onnx', /the graph has no input/]],
    [
      'several',
      linear({ inputs: ['x', 'z'].map((name) => ({ name, dims: [1, 3] })) }),
      ['several-inputs', 'a.onnx', /several inputs: "x", "z"; export a classifier of one image/],
    ],
    ['no type', changed({}, { input: [input(null)] }), ['input-shape', 'input "x"', /no shape is stored/]],
    ['no shape', changed({}, { input: [input({ elemType: 1 })] }), ['input-shape', 'input "x"', /no shape is stored/]],
    [
      'texts',
      linear({ inputs: [{ name: 'x', dims: [1, 3], type: 8 }] }),
      ['input-type', 'input "x"', /neither of real numbers nor of bytes/],
    ],
    ['rank 1', linear({ input: [3] }), ['input-shape', 'input "x"', /rank 1; understood are/]],
    ['rank 5', linear({ input: [1, 3, 1, 1, 1] }), ['input-shape', 'input "x"', /rank 5/]],
    ['a size with a name', linear({ input: ['N', 'C'] }), ['input-shape', 'input "x"', /size 1 × \?/]],
    ['a size of 0', linear({ input: [2, 3, 0, 8] }), ['input-shape', 'input "x"', /size 2 × 3 × \? × 8/]],
    [
      'a size that is not stored',
      changed({}, { input: [input(sized({ dimValue: 1 }, {}))] }),
      ['input-shape', 'input "x"', /size 1 × \?; export the model with a fixed image size/],
    ],
  ])('%s is refused', (_, bytes, [code, where, message]) => {
    const error = refusalOf(() => parse(bytes));
    expect([error.code, error.where]).toEqual([code, where]);
    expect(error.message).toMatch(message);
  });
});

describe('the model', () => {
  it.each<[string, Uint8Array, [string, string, RegExp]]>([
    ['no bytes', new Uint8Array(0), ['not-onnx', 'a.onnx', /the file is empty/]],
    ['half a model', linear().subarray(0, 40), ['not-onnx', 'a.onnx', /not a whole ONNX model/]],
    ['no IR version', changed({ irVersion: 0 }), ['not-onnx', 'a.onnx', /no IR version/]],
    ['no graph', encodeModel({ irVersion: 8 }), ['not-onnx', 'a.onnx', /no graph with nodes in it/]],
    ['no output', linear({ outputs: [] }), ['no-output', 'a.onnx', /the graph has no output/]],
    [
      'a tensor stored twice',
      changed({}, { initializer: ['w', 'w'].map((name) => ({ name, dims: [1], dataType: 1, rawData: new Uint8Array(4) })) }),
      ['duplicate-tensor', 'tensor "w"', /the tensor is stored twice/],
    ],
    [
      'sparse weights',
      changed({}, { sparseInitializer: [Uint8Array.of(8, 1)] }),
      ['unsupported-type', 'a.onnx', /sparse initializers; export the weights as dense tensors/],
    ],
    [
      'a function of another operator set',
      changed({ functions: [{ name: 'f', domain: 'local', opsetImport: [{ domain: '', version: 12 }] }] }),
      ['opset', 'function "f"', /operator set 12 in a model of operator set 13; inline the functions/],
    ],
  ])('%s is refused', (_, bytes, [code, where, message]) => {
    const error = refusalOf(() => parse(bytes));
    expect([error.code, error.where]).toEqual([code, where]);
    expect(error.message).toMatch(message);
  });

  it('IR version 1, and functions that speak its operator set and others beside it, are taken', () => {
    const opsetImport = [
      { domain: '', version: 13 },
      { domain: 'local', version: 2 },
    ];
    const bytes = changed({ irVersion: 1, functions: [{ name: 'f', domain: 'local', opsetImport }] });
    expect(parse(bytes).nodes.map(({ operator }) => operator)).toEqual(['Gemm']);
  });

  it('what is no model keeps the decoder’s error as its cause', () => {
    expect(refusalOf(() => parse(linear().subarray(0, 40))).cause).toBeInstanceOf(Error);
  });

  it.each([undefined, 7, null, []])('a source of %s is neither path nor bytes', async (source) => {
    const refused = importOnnx(source as unknown as string);
    await expect(refused).rejects.toMatchObject({ name: 'OptionError', where: 'source' });
  });

  it('of bytes is called "model" in errors, and "network" where it has no name', async () => {
    await expect(importOnnx(new Uint8Array(0))).rejects.toMatchObject({ where: 'model' });
    const { ann, graph } = await importWithGraph(linear({ graphName: '' }));
    expect([ann.name, graph.name]).toEqual(['network', '']);
  });
});
