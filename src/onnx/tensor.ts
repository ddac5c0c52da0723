/** ONNX `TensorProto` → `Tensor`. Sizes are checked against the bytes that are there before anything is allocated. */

import protobuf from 'protobufjs/light.js';
import { ModelFormatError, UnsupportedModelError } from '../errors.ts';
import { elementCount, type Tensor } from '../graph/graph.ts';
import { type TensorProto, toNumber } from './schema.ts';

/** Bytes of a tensor that is stored outside the model file. Throws `ModelFormatError` where they cannot be had. */
export type ReadExternal = (location: string, offset: number, length: number, where: string) => Uint8Array;

interface ElementType {
  readonly bytes: number;
  readonly kind: Tensor['type'];
  readonly read: (view: DataView, offset: number) => number;
}

/** Tensor element types by ONNX's number (TensorProto.DataType). */
const ELEMENT_TYPES: Readonly<Record<number, ElementType>> = {
  1: { bytes: 4, kind: 'real', read: (v, o) => v.getFloat32(o, true) },
  2: { bytes: 1, kind: 'integer', read: (v, o) => v.getUint8(o) },
  3: { bytes: 1, kind: 'integer', read: (v, o) => v.getInt8(o) },
  4: { bytes: 2, kind: 'integer', read: (v, o) => v.getUint16(o, true) },
  5: { bytes: 2, kind: 'integer', read: (v, o) => v.getInt16(o, true) },
  6: { bytes: 4, kind: 'integer', read: (v, o) => v.getInt32(o, true) },
  7: { bytes: 8, kind: 'integer', read: (v, o) => Number(v.getBigInt64(o, true)) },
  9: { bytes: 1, kind: 'integer', read: (v, o) => (v.getUint8(o) ? 1 : 0) },
  10: { bytes: 2, kind: 'real', read: (v, o) => halfToNumber(v.getUint16(o, true)) },
  11: { bytes: 8, kind: 'real', read: (v, o) => v.getFloat64(o, true) },
  12: { bytes: 4, kind: 'integer', read: (v, o) => v.getUint32(o, true) },
  13: { bytes: 8, kind: 'integer', read: (v, o) => Number(v.getBigUint64(o, true)) },
};

const TYPE_NAMES = 'undefined,float,uint8,int8,uint16,int16,int32,int64,string,bool,float16,double,uint32,uint64'.split(',');

/**
 * Reads a constant. `where` names the tensor or its node in errors.
 * Throws `ModelFormatError` for sizes that do not agree, `UnsupportedModelError` for other element types.
 */
export function readTensor(proto: TensorProto, where: string, readExternal: ReadExternal): Tensor {
  const dims = proto.dims.map(toNumber);
  if (dims.some((d) => !Number.isSafeInteger(d) || d < 0)) throw badTensor(where, `dimensions [${dims}]`);
  const type = ELEMENT_TYPES[proto.dataType];
  if (!type) {
    const name = TYPE_NAMES[proto.dataType] ?? `number ${proto.dataType}`;
    throw new UnsupportedModelError('unsupported-type', where, `element type ${name}`, 'export the model in float32');
  }
  const count = elementCount(dims);
  if (!Number.isSafeInteger(count * type.bytes)) throw badTensor(where, `dimensions [${dims}]`);
  const data =
    proto.dataLocation === 1
      ? unpack(externalBytes(proto, count * type.bytes, where, readExternal), count, type, where)
      : proto.rawData.length > 0 || count === 0
        ? unpack(proto.rawData, count, type, where)
        : typedData(proto, count, type, where);
  return { dims, type: type.kind, data };
}

/** Little-endian bytes → numbers. */
function unpack(bytes: Uint8Array, count: number, type: ElementType, where: string): Float32Array | Float64Array {
  if (bytes.length !== count * type.bytes) {
    throw badTensor(where, `${bytes.length} bytes of data where its dimensions need ${count * type.bytes}`);
  }
  if (count === 0) return new Float32Array(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = type.kind === 'real' ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, i * type.bytes);
  return data;
}

/** The fields for one kind of number each: `float_data`, `int32_data` (narrow integers, float16 and bool too), … */
function typedData(proto: TensorProto, count: number, type: ElementType, where: string): Float32Array | Float64Array {
  if (proto.dataType === 1) return unpack(proto.floatData, count, type, where);
  if (proto.dataType === 11) return unpack(proto.doubleData, count, type, where);
  const wide = proto.dataType === 7 ? proto.int64Data : proto.dataType >= 12 ? proto.uint64Data : undefined;
  const bytes = wide ?? proto.int32Data;
  if (count > bytes.length) throw badTensor(where, `${bytes.length} bytes of data where its dimensions need ${count} numbers`);
  const data = type.kind === 'real' ? new Float32Array(count) : new Float64Array(count);
  const reader = protobuf.Reader.create(bytes);
  try {
    for (let i = 0; i < count; i++) {
      const value = wide ? Number(proto.dataType === 7 ? reader.int64() : reader.uint64()) : reader.int32();
      data[i] = proto.dataType === 10 ? halfToNumber(value & 0xffff) : value;
    }
  } catch (cause) {
    throw badTensor(where, 'data that ends early', { cause });
  }
  if (reader.pos !== bytes.length) throw badTensor(where, `more data than its dimensions [${proto.dims.map(toNumber)}] need`);
  return data;
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

const badTensor = (where: string, what: string, options?: ErrorOptions) =>
  new ModelFormatError('bad-tensor', where, `the tensor has ${what}`, 'the file is damaged: export or download it again', options);
