/** The typed arrays that a saved network may hold, by their names in safetensors (docs/format.md). */
export const KINDS = {
  I8: Int8Array,
  U8: Uint8Array,
  I16: Int16Array,
  I32: Int32Array,
  F32: Float32Array,
  F64: Float64Array,
} as const;

export type Kind = keyof typeof KINDS;
export type SavedArray = Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** The kind of a typed array; null of those that are not saved. */
export const kindOf = (values: ArrayBufferView): Kind | null =>
  (Object.keys(KINDS) as Kind[]).find((kind) => values instanceof KINDS[kind]) ?? null;

export const isKind = (kind: unknown): kind is Kind => typeof kind === 'string' && Object.hasOwn(KINDS, kind);

/** The bytes of an array, in place; little-endian, as every machine with WebGPU has them. */
export const bytesIn = ({ buffer, byteOffset, byteLength }: SavedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** An array of its own from bytes. @param bytes a whole number of elements; `slice` of a Node Buffer would copy nothing */
export const arrayFrom = (kind: Kind, bytes: Uint8Array): SavedArray => new KINDS[kind](Uint8Array.from(bytes).buffer);
