/** What a file makes us decode is charged before it is done: nodes, fields, ranks, bytes of other files. */

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs/light.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelFormatError, UnsupportedModelError } from '../../src/errors.ts';
import { FIELD_ROOM } from '../../src/onnx/decode.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { NODE_ROOM } from '../../src/onnx/nodes.ts';
import { buildOnnx, type ModelSpec, real } from '../helpers/onnx-builder.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bsnn-budget-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LINEAR: ModelSpec = {
  input: ['N', 3],
  nodes: [{ op: 'Gemm', in: ['x', 'w'], out: ['y'], name: 'fc', attributes: { transB: 1 } }],
  tensors: { w: real([2, 3], [1, 2, 3, 4, 5, 6]) },
};

const GRAPH = 7;
const NODE = 1;
const ATTRIBUTE = 5;
const INTS = 8;

/** A field that begins with its length. */
const field = (id: number, content: Uint8Array): Uint8Array =>
  protobuf.Writer.create()
    .uint32(8 * id + 2)
    .bytes(content)
    .finish();

/** The linear model with more in its graph: messages written one after another are one message. */
const withMore = (graph: Uint8Array): Uint8Array => Buffer.concat([buildOnnx(LINEAR), field(GRAPH, graph)]);

const emptyNodes = (count: number): Uint8Array => Buffer.alloc(2 * count, Uint8Array.of(8 * NODE + 2, 0));

const refused = (bytes: Uint8Array, what: RegExp) =>
  Promise.all([
    expect(importOnnx(bytes)).rejects.toThrow(UnsupportedModelError),
    expect(importOnnx(bytes)).rejects.toThrow(what),
    expect(importOnnx(bytes)).rejects.toMatchObject({ code: 'too-large' }),
  ]);

describe('decoding', () => {
  it('the model that the others are made of is sound', async () => {
    expect((await importOnnx(withMore(new Uint8Array(0)))).layers).toHaveLength(1);
  });

  it('more nodes than there is room for', () => refused(withMore(emptyNodes(NODE_ROOM)), /more than 65536 nodes; give/));

  it('more fields than there is room for, before anything is made of them', () =>
    refused(withMore(emptyNodes(FIELD_ROOM)), /^model: more than 1048576 fields; give/));

  it('a packed list of more numbers than there is room for', () =>
    refused(withMore(field(NODE, field(ATTRIBUTE, field(INTS, new Uint8Array(FIELD_ROOM))))), /more than 1048576 fields/));

  it('fields of graphs within nodes count with the rest', async () => {
    const branch = (count: number) => ({
      nodes: [{ op: 'Relu', in: ['x'], out: ['b'], attributes: { list: Array.from({ length: count }, () => 1) } }],
      outputs: ['b'],
    });
    const conditional = (count: number): ModelSpec => ({
      input: ['N', 3],
      nodes: [
        {
          op: 'If',
          in: ['c'],
          out: ['a'],
          attributes: { then_branch: { graph: branch(count) }, else_branch: { graph: branch(count) } },
        },
        { op: 'Gemm', in: ['a', 'w'], out: ['y'] },
      ],
      tensors: { c: { dims: [], fields: { dataType: 9, rawData: Uint8Array.of(1) } }, w: real([3, 2], [1, 2, 3, 4, 5, 6]) },
    });
    expect((await importOnnx(buildOnnx(conditional(10)))).layers).toHaveLength(2);
    await refused(buildOnnx(conditional(FIELD_ROOM / 2)), /node "If_0": more than 1048576 fields/);
  });

  it('a damaged length within the count is no ONNX model', async () => {
    const cut = Buffer.concat([buildOnnx(LINEAR), Uint8Array.of(8 * GRAPH + 2, 5, 8 * NODE + 2, 100, 1)]);
    await expect(importOnnx(cut)).rejects.toThrow(/not a whole ONNX model/);
  });

  it('a stored tensor of more dimensions than NumPy has', async () => {
    const ranked = (rank: number) => ({ ...LINEAR.tensors, k: real(new Array(rank).fill(1), [1]) });
    expect((await importOnnx(buildOnnx({ ...LINEAR, tensors: ranked(64) }))).layers).toHaveLength(1);
    await refused(buildOnnx({ ...LINEAR, tensors: ranked(65) }), /tensor "k": 65 dimensions, more than 64/);
  });
});

describe('tensors in other files', () => {
  /** `count` tensors that nothing reads, all the same megabyte of a file. */
  function overlapping(count: number, length: number): Uint8Array {
    const entries = Object.entries({ location: 'sparse.bin', length: String(length) });
    const fields = { dataType: 1, dataLocation: 1, externalData: entries.map(([key, value]) => ({ key, value })) };
    const tensors = Array.from({ length: count }, (_, i) => [`t${i}`, { dims: [length / 4], fields }]);
    return buildOnnx({ ...LINEAR, tensors: { ...LINEAR.tensors, ...Object.fromEntries(tensors) } });
  }

  it('may be the same bytes, but not again and again', async () => {
    const path = join(folder, 'model.onnx');
    writeFileSync(join(folder, 'sparse.bin'), '');
    truncateSync(join(folder, 'sparse.bin'), 2 ** 20);
    writeFileSync(path, overlapping(2, 2 ** 20));
    expect((await importOnnx(path)).layers).toHaveLength(1);
    writeFileSync(path, overlapping(3, 2 ** 20));
    await expect(importOnnx(path)).rejects.toThrow(ModelFormatError);
    await expect(importOnnx(path)).rejects.toThrow(/tensor "t2": tensors overlap in external file "sparse.bin": more than 2 times/);
  });
});
