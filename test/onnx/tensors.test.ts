/** Element types, where values are stored, and sizes that do not agree. */

import { describe, expect, it } from 'vitest';
import { ModelFormatError, UnsupportedModelError } from '../../src/errors.ts';
import type { Tensor } from '../../src/graph/graph.ts';
import type { TensorProto } from '../../src/onnx/schema.ts';
import { readTensor } from '../../src/onnx/tensor.ts';

const none = new Uint8Array(0);
const empty: TensorProto = {
  dims: [3],
  dataType: 1,
  floatData: none,
  int32Data: none,
  int64Data: none,
  name: 't',
  rawData: none,
  doubleData: none,
  uint64Data: none,
  externalData: [],
  dataLocation: 0,
};
const read = (fields: Partial<TensorProto>) =>
  readTensor({ ...empty, ...fields }, 'tensor "t"', () => expect.fail('external data was read'));
const bytes = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
/** int64 −1 as a varint. */
const MINUS_ONE = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];

describe('values', () => {
  it.each<[string, Partial<TensorProto>, number[]]>([
    ['float, raw', { rawData: bytes(Float32Array.of(1, -2, 0.5)) }, [1, -2, 0.5]],
    ['float, typed', { floatData: bytes(Float32Array.of(1, -2, 0.5)) }, [1, -2, 0.5]],
    ['double, raw', { dataType: 11, rawData: bytes(Float64Array.of(1, -2, 0.5)) }, [1, -2, 0.5]],
    ['double, typed', { dataType: 11, doubleData: bytes(Float64Array.of(1, -2, 0.5)) }, [1, -2, 0.5]],
    ['float16, raw', { dataType: 10, rawData: bytes(Uint16Array.of(0x3c00, 0xc000, 0x0001)) }, [1, -2, 2 ** -24]],
    [
      'float16, extremes',
      { dataType: 10, rawData: bytes(Uint16Array.of(0x7bff, 0x7c00, 0x8000)) },
      [65504, Number.POSITIVE_INFINITY, -0],
    ],
    ['float16, typed', { dataType: 10, int32Data: Uint8Array.of(0x80, 0x78, 0, 0x80, 0xf8, 0x02) }, [1, 0, -1]],
    ['int64, raw', { dataType: 7, rawData: bytes(BigInt64Array.of(1n, -2n, 2n ** 53n)) }, [1, -2, 2 ** 53]],
    ['int64, typed', { dataType: 7, int64Data: Uint8Array.of(1, ...MINUS_ONE, 0x80, 1) }, [1, -1, 128]],
    ['int32, raw', { dataType: 6, rawData: bytes(Int32Array.of(1, -2, 3)) }, [1, -2, 3]],
    ['int32, typed', { dataType: 6, int32Data: Uint8Array.of(1, ...MINUS_ONE, 3) }, [1, -1, 3]],
    ['uint8, raw', { dataType: 2, rawData: Uint8Array.of(0, 128, 255) }, [0, 128, 255]],
    ['int8, raw', { dataType: 3, rawData: Uint8Array.of(0, 128, 255) }, [0, -128, -1]],
    ['uint16, raw', { dataType: 4, rawData: bytes(Uint16Array.of(0, 32768, 65534)) }, [0, 32768, 65534]],
    ['int16, raw', { dataType: 5, rawData: bytes(Int16Array.of(1, -32768, 258)) }, [1, -32768, 258]],
    ['bool, raw', { dataType: 9, rawData: Uint8Array.of(0, 1, 2) }, [0, 1, 1]],
    ['uint32, raw', { dataType: 12, rawData: bytes(Uint32Array.of(1, 2 ** 31, 2 ** 32 - 1)) }, [1, 2 ** 31, 2 ** 32 - 1]],
    ['uint64, raw', { dataType: 13, rawData: bytes(BigUint64Array.of(1n, 2n ** 52n, 2n ** 63n)) }, [1, 2 ** 52, 2 ** 63]],
    ['uint64, typed', { dataType: 13, uint64Data: Uint8Array.of(1, 2, 3) }, [1, 2, 3]],
    ['bfloat16, raw', { dataType: 16, rawData: bytes(Uint16Array.of(0x3f80, 0xc000, 0x3e20)) }, [1, -2, 0.15625]],
    ['bfloat16, typed', { dataType: 16, int32Data: Uint8Array.of(0x80, 0x7f, 0, 0x80, 0x80, 0x03) }, [1, 0, -2]],
    ['uint4, raw', { dataType: 21, rawData: Uint8Array.of(0x81, 0x0f) }, [1, 8, 15]],
    ['int4, raw', { dataType: 22, rawData: Uint8Array.of(0x81, 0x0f) }, [1, -8, -1]],
    ['int4, typed', { dataType: 22, int32Data: Uint8Array.of(0x81, 0x01, 0x0f) }, [1, -8, -1]],
    ['nothing', { dims: [0] }, []],
    ['a single number', { dims: [], rawData: bytes(Float32Array.of(7)) }, [7]],
  ])('%s', (_, fields, values) => {
    expect([...read(fields).data]).toEqual(values);
  });
});

describe('what is kept beside the values', () => {
  it.each<[number, Tensor['type'], readonly [number, number] | undefined]>([
    [1, 'real', undefined],
    [2, 'integer', [0, 255]],
    [3, 'integer', [-128, 127]],
    [4, 'integer', [0, 65535]],
    [5, 'integer', [-32768, 32767]],
    [6, 'integer', undefined],
    [7, 'integer', undefined],
    [9, 'integer', undefined],
    [10, 'real', undefined],
    [11, 'real', undefined],
    [16, 'real', undefined],
    [21, 'integer', [0, 15]],
    [22, 'integer', [-8, 7]],
  ])('of element type %i: %s, range %s', (dataType, type, range) => {
    const { data: _, ...rest } = read({ dataType, dims: [2, 0, 3] });
    expect(rest).toEqual({ dims: [2, 0, 3], type, ...(range && { range }) });
  });

  it.each<[string, Partial<TensorProto>, boolean]>([
    ['float', { rawData: new Uint8Array(12) }, true],
    ['double, raw', { dataType: 11, rawData: new Uint8Array(24) }, true],
    ['float16, raw', { dataType: 10, rawData: new Uint8Array(6) }, true],
    ['float16, typed', { dataType: 10, int32Data: Uint8Array.of(0, 0, 0) }, true],
    ['int16, raw', { dataType: 5, rawData: new Uint8Array(6) }, true],
    ['int16, typed', { dataType: 5, int32Data: Uint8Array.of(0, 0, 0) }, false],
    ['int32, raw', { dataType: 6, rawData: new Uint8Array(12) }, false],
  ])('%s: whether f32 holds them is %s', (_, fields, narrow) => {
    expect(read(fields).data).toBeInstanceOf(narrow ? Float32Array : Float64Array);
  });

  it('values in another file are asked for by place, offset, length and name, all of them by default', () => {
    const asked: unknown[] = [];
    const readExternal = (...place: unknown[]) => {
      asked.push(place);
      return bytes(Float32Array.of(1, 2, 3));
    };
    const entries = (fields: Record<string, string>) => ({
      dataLocation: 1,
      externalData: Object.entries(fields).map(([key, value]) => ({ key, value })),
    });
    const whole = { ...empty, ...entries({ location: 'a.bin', offset: '8', length: '12' }) };
    expect([...readTensor(whole, 'tensor "t"', readExternal).data]).toEqual([1, 2, 3]);
    readTensor({ ...empty, ...entries({}) }, 'tensor "t"', readExternal);
    expect(asked).toEqual([
      ['a.bin', 8, 12, 'tensor "t"'],
      ['', 0, 12, 'tensor "t"'],
    ]);
  });

  it.each(['1e1', '7 ', '12x', '0x8', '', '9007199254740993'])('an offset of "%s" is no whole number', (value) => {
    expect(() => read({ dataLocation: 1, externalData: [{ key: 'offset', value }] })).toThrow(`offset or length of "${value}"`);
  });

  it('a long text in place of a number is cut in the error', () => {
    const refused = () => read({ dataLocation: 1, externalData: [{ key: 'offset', value: 'x'.repeat(99) }] });
    expect(refused).toThrow(`"${'x'.repeat(40)}"`);
  });

  it('64 dimensions are read, 65 are too many', () => {
    const ones = (rank: number) => ({ dims: new Array<number>(rank).fill(1), rawData: bytes(Float32Array.of(7)) });
    expect([...read(ones(64)).data]).toEqual([7]);
    const tooLarge = { code: 'too-large', message: expect.stringContaining('65 dimensions, more than 64') };
    expect(() => read(ones(65))).toThrow(expect.objectContaining(tooLarge));
  });
});

describe('sizes that do not agree', () => {
  it.each<[string, Partial<TensorProto>, RegExp]>([
    ['too few bytes', { rawData: new Uint8Array(8) }, /tensor "t": the tensor has 8 bytes of data where its dimensions need 12/],
    ['too many bytes', { rawData: new Uint8Array(16) }, /16 bytes/],
    ['no data', {}, /0 bytes/],
    ['no data for a giant', { dims: [2 ** 40] }, /0 bytes/],
    ['a product beyond 2^53', { dims: [2 ** 40, 2 ** 40] }, /dimensions \[/],
    ['a negative size', { dims: [-3] }, /dimensions \[-3\]/],
    ['too few varints', { dataType: 7, int64Data: Uint8Array.of(1, 0x80, 0x80) }, /ends early/],
    ['too many varints', { dataType: 7, int64Data: Uint8Array.of(1, 2, 3, 4) }, /more data/],
    ['no varints for a giant', { dataType: 7, dims: [2 ** 40] }, /0 bytes/],
    [
      'external data of another length',
      { dataLocation: 1, externalData: [{ key: 'length', value: '4' }] },
      /4 bytes of external data/,
    ],
    [
      'an external offset that is no number',
      { dataLocation: 1, externalData: [{ key: 'offset', value: '-1' }] },
      /offset or length of "-1"/,
    ],
  ])('%s', (_, fields, message) => {
    expect(() => read(fields)).toThrow(ModelFormatError);
    expect(() => read(fields)).toThrow(message);
  });

  it.each<[number, string]>([
    [0, 'undefined'],
    [8, 'string'],
    [14, 'complex64'],
    [17, 'float8e4m3fn'],
    [23, 'float4e2m1'],
    [24, 'number 24'],
    [-1, 'number -1'],
  ])('element type %i is not supported', (dataType, name) => {
    const refused = () => read({ dataType });
    expect(refused).toThrow(UnsupportedModelError);
    expect(refused).toThrow(`element type ${name}`);
    expect(refused).toThrow(expect.objectContaining({ code: 'unsupported-type', remedy: 'export the model in float32' }));
  });

  it('the error has its code and says what to do', () => {
    const damaged = { code: 'bad-tensor', where: 'tensor "t"', remedy: expect.stringContaining('download it again') };
    expect(() => read({ dims: [-3] })).toThrow(expect.objectContaining(damaged));
  });
});
