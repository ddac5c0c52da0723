/** ONNX `TensorProto` → `Tensor`. Sizes are checked against the bytes that are there before anything is allocated. */

import protobuf from 'protobufjs/light.js';
import { ModelFormatError, UnsupportedModelError } from '../errors.ts';
import { elementCount, MAXIMUM_RANK, type Tensor } from '../graph/graph.ts';
import { type TensorProto, toNumber } from './schema.ts';

/** Bytes of a tensor that is stored outside the model file. Throws `ModelFormatError` where they cannot be had. */
export type ReadExternal = (location: string, offset: number, length: number, where: string) => Uint8Array;

interface ElementType {
  readonly bits: number;
  readonly kind: Tensor['type'];
  /** Number at a position. */
  readonly read: (view: DataView, index: number) => number;
  readonly range?: readonly [number, number];
}

const FLOAT: ElementType = { bits: 32, kind: 'real', read: (v, i) => v.getFloat32(4 * i, true) };

/** Whether numbers lie in this machine's memory as they do in a file. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Tensor element types by ONNX's number (TensorProto.DataType). */
const ELEMENT_TYPES: Readonly<Record<number, ElementType>> = {
  1: FLOAT,
  2: { bits: 8, kind: 'integer', read: (v, i) => v.getUint8(i), range: [0, 255] },
  3: { bits: 8, kind: 'integer', read: (v, i) => v.getInt8(i), range: [-128, 127] },
  4: { bits: 16, kind: 'integer', read: (v, i) => v.getUint16(2 * i, true), range: [0, 65535] },
  5: { bits: 16, kind: 'integer', read: (v, i) => v.getInt16(2 * i, true), range: [-32768, 32767] },
  6: { bits: 32, kind: 'integer', read: (v, i) => v.getInt32(4 * i, true) },
  7: { bits: 64, kind: 'integer', read: (v, i) => Number(v.getBigInt64(8 * i, true)) },
  9: { bits: 8, kind: 'integer', read: (v, i) => (v.getUint8(i) ? 1 : 0) },
  10: { bits: 16, kind: 'real', read: (v, i) => halfToNumber(v.getUint16(2 * i, true)) },
  11: { bits: 64, kind: 'real', read: (v, i) => v.getFloat64(8 * i, true) },
  12: { bits: 32, kind: 'integer', read: (v, i) => v.getUint32(4 * i, true) },
  13: { bits: 64, kind: 'integer', read: (v, i) => Number(v.getBigUint64(8 * i, true)) },
  16: { bits: 16, kind: 'real', read: (v, i) => bfloatToNumber(v.getUint16(2 * i, true)) },
  21: { bits: 4, kind: 'integer', read: nibble, range: [0, 15] },
  22: { bits: 4, kind: 'integer', read: (v, i) => (nibble(v, i) << 28) >> 28, range: [-8, 7] },
};

const TYPE_NAMES = (
  'undefined,float,uint8,int8,uint16,int16,int32,int64,string,bool,float16,double,uint32,uint64,complex64,complex128,bfloat16,' +
  'float8e4m3fn,float8e4m3fnuz,float8e5m2,float8e5m2fnuz,uint4,int4,float4e2m1'
).split(',');

/**
 * Reads a constant. `where` names the tensor or its node in errors.
 * Throws `ModelFormatError` for sizes that do not agree, `UnsupportedModelError` for other element types.
 */
export function readTensor(proto: TensorProto, where: string, readExternal: ReadExternal): Tensor {
  const dims = proto.dims.map(toNumber);
  if (dims.length > MAXIMUM_RANK) {
    const what = `${dims.length} dimensions, more than ${MAXIMUM_RANK}`;
    throw new UnsupportedModelError('too-large', where, what, 'export the model with tensors of few dimensions');
  }
  if (dims.some((d) => !Number.isSafeInteger(d) || d < 0)) throw badTensor(where, `dimensions [${dims}]`);
  const type = ELEMENT_TYPES[proto.dataType];
  if (!type) {
    const name = TYPE_NAMES[proto.dataType] ?? `number ${proto.dataType}`;
    throw new UnsupportedModelError('unsupported-type', where, `element type ${name}`, 'export the model in float32');
  }
  const count = elementCount(dims);
  const bytes = Math.ceil((count * type.bits) / 8);
  if (!Number.isSafeInteger(bytes)) throw badTensor(where, `dimensions [${dims}]`);
  const data =
    proto.dataLocation === 1
      ? unpack(externalBytes(proto, bytes, where, readExternal), count, type, where)
      : proto.rawData.length > 0 || count === 0
        ? unpack(proto.rawData, count, type, where)
        : typedData(proto, count, type, where);
  return { dims, type: type.kind, data, ...(type.range && { range: type.range }) };
}

/** Little-endian bytes → numbers. */
function unpack(bytes: Uint8Array, count: number, type: ElementType, where: string): Float32Array | Float64Array {
  const needed = Math.ceil((count * type.bits) / 8);
  if (bytes.length !== needed) throw badTensor(where, `${bytes.length} bytes of data where its dimensions need ${needed}`);
  if (count === 0) return new Float32Array(0);
  if (type === FLOAT && LITTLE_ENDIAN) return new Float32Array(Uint8Array.from(bytes).buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = isNarrow(type) ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, i);
  return data;
}

/** Whether f32 holds all numbers of a type. */
const isNarrow = ({ kind, bits }: ElementType) => kind === 'real' || bits <= 16;

/** The fields for one kind of number each: `float_data`, `int32_data` (narrow integers, float16 and bool too), … */
function typedData(proto: TensorProto, count: number, type: ElementType, where: string): Float32Array | Float64Array {
  if (proto.dataType === 1) return unpack(proto.floatData, count, type, where);
  if (proto.dataType === 11) return unpack(proto.doubleData, count, type, where);
  const wide = proto.dataType === 7 ? proto.int64Data : [12, 13].includes(proto.dataType) ? proto.uint64Data : undefined;
  const bytes = wide ?? proto.int32Data;
  const numbers = type.bits === 4 ? Math.ceil(count / 2) : count;
  if (numbers > bytes.length) throw badTensor(where, `${bytes.length} bytes of data where its dimensions need ${numbers} numbers`);
  const data = type.kind === 'real' ? new Float32Array(numbers) : new Float64Array(numbers);
  const reader = protobuf.Reader.create(bytes);
  try {
    for (let i = 0; i < numbers; i++) {
      const value = wide ? Number(proto.dataType === 7 ? reader.int64() : reader.uint64()) : reader.int32();
      const narrow = { 10: halfToNumber, 16: bfloatToNumber }[proto.dataType];
      data[i] = narrow ? narrow(value & 0xffff) : value;
    }
  } catch (cause) {
    throw badTensor(where, 'data that ends early', { cause });
  }
  if (reader.pos !== bytes.length) throw badTensor(where, `more data than its dimensions [${proto.dims.map(toNumber)}] need`);
  return type.bits === 4 ? unpack(Uint8Array.from(data), count, type, where) : data;
}

function externalBytes(proto: TensorProto, needed: number, where: string, readExternal: ReadExternal): Uint8Array {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  const offset = wholeNumber(entries.get('offset') ?? '0', where);
  const length = wholeNumber(entries.get('length') ?? String(needed), where);
  if (length !== needed) throw badTensor(where, `${length} bytes of external data where its dimensions need ${needed}`);
  return readExternal(location, offset, length, where);
}

function wholeNumber(text: string, where: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw badTensor(where, `an external offset or length of "${text.slice(0, 40)}"`);
  return value;
}

/** IEEE 754 binary16 → number. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The upper half of an IEEE 754 binary32 → number. */
function bfloatToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

/** Half a byte, the lower half first. */
function nibble(view: DataView, index: number): number {
  return (view.getUint8(index >> 1) >> (4 * (index & 1))) & 15;
}

const badTensor = (where: string, what: string, options?: ErrorOptions) =>
  new ModelFormatError('bad-tensor', where, `the tensor has ${what}`, 'the file is damaged: export or download it again', options);
