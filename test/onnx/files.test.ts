/** Files: names, external data and its borders, and what is no model at all. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BsnnError, ModelFormatError } from '../../src/errors.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { buildOnnx, encodeModel } from '../helpers/onnx-builder.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bsnn-onnx-'));
  mkdirSync(join(folder, 'model', 'weights'), { recursive: true });
  const values = Float32Array.of(9, 1, 2, 3, 4, 5, 6);
  for (const path of ['outside.bin', 'model/inside.bin', 'model/weights/deep.bin', 'model/..odd.bin']) {
    writeFileSync(join(folder, path), new Uint8Array(values.buffer));
  }
  symlinkSync(join(folder, 'outside.bin'), join(folder, 'model', 'link.bin'));
  symlinkSync(join(folder, 'model', 'inside.bin'), join(folder, 'model', 'good-link.bin'));
  symlinkSync(folder, join(folder, 'model', 'up'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A linear classifier of 3 features and 2 classes whose weights lie elsewhere. */
const external = (location: string, offset = '4', length = '24') =>
  buildOnnx({
    input: ['N', 3],
    nodes: [{ op: 'Gemm', in: ['x', 'w'], out: ['y'], name: 'fc', attributes: { transB: 1 } }],
    tensors: {
      w: {
        dims: [2, 3],
        fields: {
          dataType: 1,
          dataLocation: 1,
          externalData: Object.entries({ location, offset, length }).map(([key, value]) => ({ key, value })),
        },
      },
    },
  });

/** Writes a model beside the weights and imports it. */
function importFile(bytes: Uint8Array, name = 'model.onnx') {
  const path = join(folder, 'model', name);
  writeFileSync(path, bytes);
  return importOnnx(path);
}

describe('external data', () => {
  it.each(['inside.bin', './inside.bin', 'weights/deep.bin', 'weights/./deep.bin', 'good-link.bin', '..odd.bin'])(
    '%s is read',
    async (location) => {
      const ann = await importFile(external(location));
      const [readout] = ann.layers;
      if (readout.kind !== 'readout') throw new Error('no readout');
      expect([...readout.terms[0].operator.weights]).toEqual([1, 2, 3, 4, 5, 6]);
    },
  );

  it.each([
    ['a way up', '../outside.bin'],
    ['a way up and down again', 'weights/../inside.bin'],
    ['a way up, written for Windows', '..\\outside.bin'],
    ['an absolute path', '/etc/passwd'],
    ['a drive', 'C:\\weights.bin'],
    ['a link that leads out', 'link.bin'],
    ['a folder link that leads out', 'up/outside.bin'],
    ['no location', ''],
    ['a zero byte', 'inside.bin\0'],
  ])("%s is refused as outside of the model's folder", async (_, location) => {
    const refused = await importFile(external(location)).catch((e: unknown) => e as BsnnError);
    expect(refused).toBeInstanceOf(ModelFormatError);
    expect(refused).toMatchObject({ code: 'external-data', where: 'tensor "w"', remedy: 'export the model again' });
    expect(refused).toMatchObject({ message: expect.stringMatching(/external file ".*" is not inside the model's folder/s) });
  });

  it.each([
    ['a missing file', external('nowhere.bin'), /external file "nowhere.bin" cannot be read/],
    ['a folder', external('weights'), /is not a file/],
    ['a short file', external('inside.bin', '8'), /ends before byte 32/],
    ['an offset beyond the end', external('inside.bin', '9007199254740990'), /ends before byte|offset/],
    ['another length than the dimensions', external('inside.bin', '0', '28'), /28 bytes of external data/],
  ])('%s is refused', async (_, bytes, message) => {
    await expect(importFile(bytes)).rejects.toThrow(message);
    await expect(importFile(bytes)).rejects.toThrow(ModelFormatError);
  });

  it('bytes alone have none', async () => {
    const refused = importOnnx(external('inside.bin'));
    await expect(refused).rejects.toMatchObject({ code: 'external-data', where: 'tensor "w"' });
    await expect(refused).rejects.toThrow(/the values are in another file \("inside.bin"\); give the path of the model/);
  });
});

describe('names', () => {
  const model = buildOnnx({ input: ['N', 3], nodes: [{ op: 'Relu', in: ['x'], out: ['y'] }], graphName: 'inner' });
  it("are the file's without its ending", async () => expect((await importFile(model, 'some.net.onnx')).name).toBe('some.net'));
  it('… at the end alone', async () => expect((await importFile(model, 'a.onnx.old')).name).toBe('a.onnx.old'));
  it("are the graph's for bytes", async () => expect((await importOnnx(model)).name).toBe('inner'));
  it('are those asked for', async () => expect((await importOnnx(model, { name: 'mine' })).name).toBe('mine'));
  it('stand for nodes without one', async () => expect((await importOnnx(model)).layers[0].name).toBe('Relu_0'));
});

describe('what is no model', () => {
  it.each([
    ['a missing file', () => importOnnx(join(folder, 'nowhere.onnx')), /the file cannot be opened/],
    ['a folder', () => importOnnx(folder), /is not a file/],
    ['a path with a zero byte', () => importOnnx('model\0.onnx'), /cannot be opened/],
    ['an empty file', () => importFile(new Uint8Array(0)), /the file is empty; give an ONNX file/],
    ['text', () => importFile(new TextEncoder().encode('<html>404 Not Found</html>')), /not a whole ONNX model|not an ONNX model/],
    ['zeros', () => importOnnx(new Uint8Array(1000)), /not a whole ONNX model|not an ONNX model/],
    ['a model without graph', () => importOnnx(encodeModel({ irVersion: 8, opsetImport: [{ version: 13 }] })), /no graph/],
    [
      'a model without nodes',
      () => importOnnx(encodeModel({ irVersion: 8, opsetImport: [{ version: 13 }], graph: {} })),
      /no graph with nodes/,
    ],
    [
      'a model without operator set',
      () => importOnnx(encodeModel({ irVersion: 8, graph: { node: [{ opType: 'Relu' }] } })),
      /operator set/,
    ],
    [
      'a model without IR version',
      () => importOnnx(encodeModel({ opsetImport: [{ version: 13 }], graph: { node: [{ opType: 'Relu' }] } })),
      /IR version/,
    ],
  ])('%s is refused', async (_, run, message) => {
    const error = await run().then(
      () => undefined,
      (e: unknown) => e as Error,
    );
    expect(error).toBeInstanceOf(ModelFormatError);
    expect(error?.message).toMatch(message);
  });
});

describe('an error has its code, where it is, and what to do', () => {
  const error = (work: Promise<unknown>): Promise<BsnnError> =>
    work.then(
      () => expect.fail('nothing was refused'),
      (e: unknown) => e as BsnnError,
    );

  it('of a file that cannot be opened, with its cause', async () => {
    const path = join(folder, 'nowhere.onnx');
    const { code, where, message, remedy, cause } = await error(importOnnx(path));
    expect([code, where, remedy]).toEqual(['unreadable-file', path, 'check the path']);
    expect(message).toContain('the file cannot be opened');
    expect(cause).toMatchObject({ code: 'ENOENT' });
  });

  it('of external data that is not there: by its path, beside the tensor', async () => {
    const { code, where, message, remedy } = await error(importFile(external('nowhere.bin')));
    expect([code, where, remedy]).toEqual(['external-data', 'tensor "w"', 'put it beside the model']);
    expect(message).toContain('external file "nowhere.bin" cannot be read');
  });

  it('of what is no model', async () => {
    expect(await error(importOnnx(new Uint8Array(0)))).toMatchObject({
      code: 'not-onnx',
      remedy: 'give an ONNX file (.onnx), whole and unpacked',
    });
  });
});
